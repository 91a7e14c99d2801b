// One browser window with one user at the page. What is here names what a person does and sees there, and keeps
// what must not happen: errors on the console, and calls to anywhere but the server. It knows the page by its
// data-testid.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { DEADLINE_MS, until } from '../clients/stompjs/until.mjs';

const SCREENSHOTS = join(dirname(fileURLToPath(import.meta.url)), 'screenshots-out');
// What the browser itself says of a server that is not there is no fault of the page's.
const OUTAGE = /net::ERR_|WebSocket connection to/;

// How long a panel may take to slide in.
const SLIDE_MAX_MS = 5_000;

/** A width and a height that people have. */
export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** Chromium without a window, and without a network beyond this machine. */
export function launch() {
  const executablePath = process.env.CHROMIUM;
  if (!executablePath) throw new Error('CHROMIUM must name the browser; tests/run finds or installs one');
  mkdirSync(SCREENSHOTS, { recursive: true });
  return chromium.launch({
    executablePath,
    args: [
      '--headless=new', '--no-sandbox', '--no-first-run', '--no-pings', '--disable-sync', '--disable-background-networking',
      '--disable-component-update', '--disable-domain-reliability', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    ],
  });
}

export class Window {
  /** Faults seen on the console, and addresses asked that are not the server's. */
  faults = [];
  /** While true, the browser may complain that there is no server. */
  outage = false;

  /** A window with the page open in it: `look` is DESKTOP or PHONE, `locale` what the browser says it speaks. */
  static async open(browser, server, name, { look, locale }) {
    const context = await browser.newContext({ ...look, locale });
    const window = new Window();
    Object.assign(window, { name, context, page: await context.newPage(), origin: new URL(server.http).host });
    window.page.setDefaultTimeout(DEADLINE_MS);
    window.#watch();
    await window.page.goto(server.http);
    return window;
  }

  #watch() {
    const { page } = this;
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      if (this.outage && OUTAGE.test(message.text())) return;
      this.faults.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.faults.push(`uncaught: ${error.stack ?? error}`));
    page.on('request', (request) => this.#asked(request.url()));
    page.on('websocket', (socket) => this.#asked(socket.url()));
    page.on('response', (response) => {
      if (response.status() >= 400) this.faults.push(`${response.status()} ${response.url()}`);
    });
  }

  #asked(address) {
    const { host, protocol } = new URL(address);
    const own = host === this.origin || protocol === 'data:' || protocol === 'blob:';
    if (!own) this.faults.push(`asked ${address}`);
  }

  // ---- what a person does ----

  at(testId) {
    return this.page.getByTestId(testId);
  }

  async signIn(nickname) {
    await this.at('nickname').fill(nickname);
    await this.at('sign-in').click();
    await this.at('my-nickname').filter({ hasText: nickname }).waitFor({ state: 'attached' });
    this.user = { uid: await this.at('my-uid').textContent(), nickname };
  }

  /** Starts a room on the first sample playlist, and gives its id. */
  async startRoom() {
    await this.at('start-room').click();
    await this.at('playlist-option').first().click();
    await this.isReady();
    return decodeURIComponent(new URL(this.page.url()).hash.replace('#/room/', ''));
  }

  /** Opens a room from one of the two lists: 'room-item' or 'my-room-item'. */
  async openRoom(list, roomId) {
    await this.row(list, roomId).click();
    await this.isReady();
  }

  row(list, roomId) {
    return this.page.locator(`[data-testid="${list}"][data-room-id="${roomId}"]`);
  }

  /** Waits until one can write. */
  async isReady() {
    await this.page.locator('[data-testid="message-input"]:not([disabled])').waitFor();
  }

  /** Writes and sends. `by` is 'key' or 'button'. */
  async write(words, by = 'key') {
    await this.at('message-input').fill(words);
    if (by === 'key') await this.at('message-input').press('Enter');
    else await this.at('send').click();
  }

  /** Waits until these words stand in the log with their id, and gives the message. */
  async reads(words) {
    const message = this.at('message').filter({ has: this.page.getByText(words, { exact: true }) });
    await message.and(this.page.locator('[data-state="sent"]:not([data-id=""])')).first().waitFor();
    assert.equal(await message.count(), 1, `${this.name} sees “${words}” once`);
    return message;
  }

  /** The banner of the connection: 'lost' or 'restored'. */
  banner(state) {
    return this.page.locator(`[data-testid="banner"][data-state="${state}"]`);
  }

  notice(type, uid) {
    return this.page.locator(`[data-testid="notice"][data-type="${type}"][data-sender="${uid}"]`);
  }

  member(uid, presence) {
    return this.page.locator(`[data-testid="member"][data-uid="${uid}"][data-presence="${presence}"]`);
  }

  /** The ids of the messages in the log, as they stand there. */
  ids() {
    return this.at('message').evaluateAll((nodes) => nodes.map((node) => node.dataset.id));
  }

  // ---- what a person would see at once ----

  /** Nothing sticks out to the side, in this view at this width. */
  async fits(view) {
    let seen;
    const fits = async () => {
      seen = await this.page.evaluate(sticksOut);
      return seen.overPx <= 0 && seen.outside.length === 0;
    };
    // A panel may still be sliding in; what sticks out then does so only for a moment.
    const still = () => `${this.name}: ${view} sticks out by ${seen.overPx} px: ${seen.outside.join('\n')}`;
    await until(fits, still, SLIDE_MAX_MS);
    await this.page.screenshot({ path: join(SCREENSHOTS, `${this.name}-${view}.png`) });
  }

  /** Picks the panel's tab, opening the drawer where the window is narrow. */
  async openPanel(which) {
    await this.at(`${which}-button`).click();
    await this.page.locator(`#pane-${which}`).waitFor();
  }

  async closePanel() {
    const close = this.page.locator('#panel-close');
    if (await close.isVisible()) await close.click();
  }
}

/** In the page: by how much it can be scrolled to the side, and what is seen beyond the right edge. */
function sticksOut() {
  const { scrollWidth, clientWidth } = document.documentElement;
  const beyond = (node) => node.checkVisibility() && node.getBoundingClientRect().right > innerWidth + 1;
  const outside = [...document.querySelectorAll('body *')].filter(beyond).filter((node) => !node.closest('[aria-hidden="true"]'));
  return {
    overPx: Math.max(scrollWidth, document.body.scrollWidth) - clientWidth,
    outside: outside.map((node) => node.outerHTML.slice(0, 120)),
  };
}

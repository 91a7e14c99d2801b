// The page for those who use no mouse, a screen reader, or a dark screen, and what it shows of things that happen seldom: a
// hole in a room's log, and a room that a fifth one ended.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import axe from 'axe-core';

import { Api, newPlaylist } from '../clients/stompjs/api.mjs';
import { Chatter } from '../clients/stompjs/chatter.mjs';
import { Server } from '../clients/stompjs/server.mjs';
import { until } from '../clients/stompjs/until.mjs';
import { DESKTOP, PHONE, Window, launch } from './window.mjs';

// What the rules of WCAG 2.2 to level AA ask for, as far as a program can tell.
const RULES = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] };
const TABS_MAX = 40;
const ROOMS_MAX = 4;
const MISSED = 3;

describe('the page is for everybody', { timeout: 300_000 }, () => {
  let server;
  let browser;
  let api;
  let script;
  const windows = [];

  const open = async (name, options) => {
    windows.push(await Window.open(browser, server, name, { look: DESKTOP, locale: 'en-US', ...options }));
    return windows.at(-1);
  };

  before(async () => {
    server = await Server.start();
    api = new Api(server);
    browser = await launch();
  });

  after(async () => {
    await script?.disconnect();
    await browser?.close();
    await server?.stop();
  });

  for (const [name, look] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    for (const colorScheme of ['light', 'dark']) {
      it(`every view keeps the rules for accessibility: ${name}, ${colorScheme}`, async () => {
        const window = await open(`${name}-${colorScheme}`, { look });
        await window.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await keepsTheRules(window, 'sign-in');
        await window.signIn(`Sky ${colorScheme}`);
        await keepsTheRules(window, 'no rooms');
        await window.at('start-room').click();
        await window.at('playlist-option').first().waitFor();
        await keepsTheRules(window, 'the choice of a playlist');
        await window.page.keyboard.press('Escape');
        await window.startRoom();
        await window.write('hello');
        await window.reads('hello');
        await keepsTheRules(window, 'a room');
        await window.openPanel('members');
        await keepsTheRules(window, 'its members');
        await window.closePanel();
        await window.at('exit').click();
        await keepsTheRules(window, 'the question before an exit');
        await window.at('exit-confirm').click();
      });
    }
  }

  it('a keyboard is enough, from sign-in to exit', async () => {
    const window = await open('keyboard');
    const { page } = window;
    await tabTo(window, 'nickname');
    await page.keyboard.type('Keys');
    await page.keyboard.press('Enter');
    await window.at('my-nickname').filter({ hasText: 'Keys' }).waitFor({ state: 'attached' });
    await tabTo(window, 'start-room');
    await page.keyboard.press('Enter');
    await window.at('playlist-option').first().waitFor();
    await tabTo(window, 'playlist-option');
    await page.keyboard.press('Enter');
    await window.isReady();
    await tabTo(window, 'message-input');
    await page.keyboard.type('no mouse');
    await page.keyboard.press('Enter');
    await window.reads('no mouse');
    await tabTo(window, 'exit', 'Shift+Tab');
    await page.keyboard.press('Enter');
    await window.at('exit-confirm').waitFor();
    await page.keyboard.press('Escape');
    await window.at('exit-confirm').waitFor({ state: 'hidden' });
    assert.equal(await focused(window), 'exit', 'a dialog gives the focus back');
    await page.keyboard.press('Enter');
    await tabTo(window, 'exit-confirm');
    await page.keyboard.press('Enter');
    await until(async () => (await window.at('my-room-item').count()) === 0, 'the room is left');
  });

  it('a room that a fifth one ended is told of', async () => {
    const window = await open('evicted');
    await window.signIn('Evicted');
    const first = await window.startRoom();
    script = await Chatter.connect(server, api, { uid: window.user.uid, nickname: 'Evicted' });
    for (let n = 0; n < ROOMS_MAX; n += 1) {
      const { id } = await api.createRoom({ uid: `owner-${n}-${process.pid}`, nickname: 'Owner' }, newPlaylist());
      await script.join(id);
    }
    await window.page.locator('#toasts').getByText('Four rooms at most').waitFor();
    await window.row('my-room-item', first).waitFor({ state: 'detached' });
    await script.disconnect();
    script = null;
  });

  it('a hole is shown where it is, and filled when it is asked for', async () => {
    const window = await open('hole');
    let toPage;
    let subscribed;
    let drops = false;
    await window.page.routeWebSocket(/ws-chat/, (page) => {
      toPage = page;
      const onward = page.connectToServer();
      page.onMessage((frame) => {
        const [, id] = /^SUBSCRIBE\n[^]*?\bid:(\S+)/.exec(frame) ?? [];
        if (id && String(frame).includes('/chat/topic/room/')) subscribed = id;
        onward.send(frame);
      });
      onward.onMessage((frame) => {
        const holds = String(frame).startsWith('MESSAGE') && String(frame).includes('unheard');
        if (!(drops && holds)) page.send(frame);
      });
    });
    await window.page.reload();
    await window.signIn('Hole');
    const roomId = await window.startRoom();
    await window.write('before the hole');
    const after = await (await window.reads('before the hole')).getAttribute('data-id');
    // What a reader is skipped over is not sent; then it is told by a GAP, and goes on.
    drops = true;
    for (let n = 0; n < MISSED; n += 1) await api.say({ uid: window.user.uid, nickname: 'Hole' }, roomId, `unheard ${n}`);
    const { id: before } = await api.say({ uid: window.user.uid, nickname: 'Hole' }, roomId, 'the next one, unheard');
    drops = false;
    const gap = JSON.stringify({ messageType: 'GAP', roomId, after, before });
    const head = `MESSAGE\nsubscription:${subscribed}\ndestination:/chat/topic/room/${roomId}\nmessage-id:${after}`;
    toPage.send(`${head}\ncontent-type:application/json\n\n${gap}\0`);
    await window.at('gap').waitFor();
    await keepsTheRules(window, 'a hole');
    await window.at('gap-load').click();
    for (let n = 0; n < MISSED; n += 1) await window.reads(`unheard ${n}`);
    await window.at('gap').waitFor({ state: 'detached' });
  });

  it('nothing was written on the console, and nobody but the server was asked', () => {
    assert.deepEqual(windows.flatMap(({ name, faults }) => faults.map((fault) => `${name}: ${fault}`)), []);
  });
});

/** No rule is broken in what is seen now. */
async function keepsTheRules(window, view) {
  await window.page.evaluate(axe.source);
  const { violations, passes } = await window.page.evaluate((rules) => globalThis.axe.run(document, rules), RULES);
  assert.ok(passes.some(({ id }) => id === 'color-contrast'), 'something was looked at');
  const told = violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)}\n${failureSummary}`));
  assert.deepEqual(told, [], `${window.name}: ${view}`);
}

/** The data-testid of what has the focus. */
const focused = (window) => window.page.evaluate(() => document.activeElement?.dataset.testid ?? null);

/** Goes on from where the focus is until it is there. */
async function tabTo(window, testId, key = 'Tab') {
  for (let n = 0; n < TABS_MAX; n += 1) {
    if ((await focused(window)) === testId) return;
    await window.page.keyboard.press(key);
  }
  assert.fail(`${testId} is not reached by ${TABS_MAX} presses of ${key}`);
}

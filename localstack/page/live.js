// The live link: keeps one STOMP connection up, begins it anew with back-off and jitter, and puts every
// subscription back (a room's with `since`, so that nothing is missed). It knows no screen.
import { dropToken, freshToken, onTokenRenewed } from './session.js';
import { ConnectionLost, StompConnection, StompError } from './stomp.js';

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 15_000;
// Only a connection that held this long counts as a success; else a server that accepts and drops would be hammered.
const STEADY_MS = 2_000;

/** A SEND that broke a rule. */
export class Refused extends Error {
  constructor({ status, title, detail, roomId }) {
    super(detail || title);
    Object.assign(this, { status, roomId });
  }
}

class Live extends EventTarget {
  #wanted = false;
  #connection = null;
  #subscriptions = new Set();
  #failures = 0;
  #wake = () => {};

  /** 'off', 'connecting', 'online' or 'waiting' (with `retryAtMs`). Each change is a `status` event. */
  status = 'off';
  retryAtMs = 0;

  start() {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#run();
  }

  stop() {
    this.#wanted = false;
    this.#subscriptions.clear();
    this.#connection?.close();
    this.#wake();
    this.#to('off');
  }

  /** Tries now what would be tried later. */
  retryNow() {
    this.#wake();
  }

  /** Waits until the link is up. */
  online() {
    if (this.status === 'online') return Promise.resolve();
    return new Promise((resolve) => {
      const check = () => {
        if (this.status !== 'online') return;
        this.removeEventListener('status', check);
        resolve();
      };
      this.addEventListener('status', check);
    });
  }

  /** Subscribes now and after every reconnect; `headers()` is asked each time. Returns what ends it. */
  subscribe(destination, onMessage, headers = () => ({})) {
    const entry = { destination, onMessage, headers, end: null };
    this.#subscriptions.add(entry);
    if (this.status === 'online') this.#put(entry);
    return () => {
      this.#subscriptions.delete(entry);
      entry.end?.();
    };
  }

  /** Sends once. Fulfilled with the RECEIPT's headers; rejects with Refused or ConnectionLost. */
  send(destination, body) {
    if (this.status !== 'online') return Promise.reject(new ConnectionLost('not connected'));
    return this.#connection.send(destination, body);
  }

  #put(entry) {
    entry.end = this.#connection.subscribe(entry.destination, entry.onMessage, entry.headers());
  }

  async #run() {
    while (this.#wanted) {
      this.#to('connecting');
      await this.#connectOnce();
      if (this.#wanted) await this.#backOff();
    }
  }

  /** Connects, and returns when that connection is over, however it went. */
  async #connectOnce() {
    try {
      const token = await freshToken();
      if (!this.#wanted) return;
      const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws-chat`;
      this.#connection = new StompConnection(url);
      await this.#connection.open({ Authorization: `Bearer ${token}` });
      const sinceMs = performance.now();
      this.#begin();
      const error = await this.#connection.ended;
      if (performance.now() - sinceMs > STEADY_MS) this.#failures = 0;
      if (error) throw error;
    } catch (error) {
      // The token may be the reason (another server's key, a clock): the next try takes a new one.
      if (error instanceof StompError) dropToken();
    }
  }

  #begin() {
    // The replies come first, so that no answer to what follows is missed.
    this.#connection.subscribe('/user/queue/replies', (reply) => this.#reply(reply));
    for (const entry of this.#subscriptions) this.#put(entry);
    this.#to('online');
  }

  #reply(reply) {
    if (reply.type === 'REFUSED' && this.#connection.refuse(reply.receipt, new Refused(reply))) return;
    this.dispatchEvent(new CustomEvent('reply', { detail: reply }));
  }

  async #backOff() {
    const ceilingMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.#failures++);
    // Half is fixed and half is chance, so that a fleet's clients do not all return at once.
    const waitMs = ceilingMs / 2 + (Math.random() * ceilingMs) / 2;
    this.retryAtMs = performance.now() + waitMs;
    this.#to('waiting');
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#wake = () => (clearTimeout(timer), resolve());
    });
    this.#wake = () => {};
  }

  #to(status) {
    this.status = status;
    this.dispatchEvent(new Event('status'));
  }
}

export const live = new Live();

onTokenRenewed((token) => live.send('/chat/pub/refresh', { token }).catch(() => {}));
addEventListener('online', () => live.retryNow());

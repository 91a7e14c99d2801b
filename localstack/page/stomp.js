// One STOMP 1.2 connection over WebSocket: connect, subscribe, send with receipts, heart-beats.
// It ends when its socket ends; beginning anew, and with what, is live.js's affair.
import { decode, encode } from './stomp-frame.js';

const HEART_BEAT_MS = 10_000;
// Twice what was agreed may pass in silence; then the other side is taken for gone.
const SILENCES_ALLOWED = 2;
const CONNECT_TIMEOUT_MS = 10_000;

/** The connection ended before an answer came. What was asked may or may not have been done. */
export class ConnectionLost extends Error {}

/** The server ended the connection with an ERROR frame. */
export class StompError extends Error {}

export class StompConnection {
  #socket;
  #subscriptions = new Map();
  #receipts = new Map();
  #nextId = 0;
  #timers = [];
  #heardAtMs = 0;
  #error = null;
  #over = false;
  #settleOpen = null;

  /** Fulfilled, with the ERROR if there was one, once the connection is over. */
  ended;
  #end;

  constructor(url) {
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.#socket = new WebSocket(url, ['v12.stomp']);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onmessage = ({ data }) => this.#receive(typeof data === 'string' ? data : new TextDecoder().decode(data));
    this.#socket.onclose = () => this.#closed();
  }

  /** Logs in. Rejects with StompError when refused, ConnectionLost when there is no way through. */
  open(headers) {
    this.#socket.onopen = () =>
      this.#write('CONNECT', { 'accept-version': '1.2', host: location.host, 'heart-beat': `${HEART_BEAT_MS},${HEART_BEAT_MS}`, ...headers });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.close(), CONNECT_TIMEOUT_MS);
      this.#settleOpen = { resolve, reject };
      this.#timers.push(timer);
    });
  }

  /** Subscribes; `onMessage(body, headers)` gets each message. Returns what ends it. */
  subscribe(destination, onMessage, headers = {}) {
    const id = `sub-${this.#nextId++}`;
    this.#subscriptions.set(id, onMessage);
    this.#write('SUBSCRIBE', { id, destination, ...headers });
    return () => {
      if (this.#subscriptions.delete(id)) this.#write('UNSUBSCRIBE', { id });
    };
  }

  /** Sends JSON. Fulfilled with the RECEIPT's headers; rejects with whatever `refuse` was given, or ConnectionLost. */
  send(destination, body, headers = {}) {
    if (this.#over) return Promise.reject(new ConnectionLost('the connection ended'));
    const receipt = `r-${this.#nextId++}`;
    return new Promise((resolve, reject) => {
      this.#receipts.set(receipt, { resolve, reject });
      this.#write('SEND', { destination, receipt, 'content-type': 'application/json', ...headers }, JSON.stringify(body));
    });
  }

  /** Rejects the SEND of that receipt. False if there is none that waits. */
  refuse(receipt, reason) {
    const waiting = this.#receipts.get(receipt);
    this.#receipts.delete(receipt);
    waiting?.reject(reason);
    return waiting !== undefined;
  }

  /** Closes. What was sent before goes out first. */
  close() {
    if (this.#socket.readyState === WebSocket.OPEN) this.#write('DISCONNECT', {});
    this.#socket.close();
    // A socket whose peer is gone can take minutes to say so.
    this.#closed();
  }

  #write(command, headers, body) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(encode(command, headers, body));
  }

  #receive(data) {
    this.#heardAtMs = performance.now();
    const frame = decode(data);
    if (!frame) return;
    const { command, headers, body } = frame;
    if (command === 'MESSAGE') this.#subscriptions.get(headers.subscription)?.(JSON.parse(body), headers);
    else if (command === 'RECEIPT') this.#acknowledged(headers);
    else if (command === 'CONNECTED') this.#connected(headers);
    else if (command === 'ERROR') this.#error = new StompError(headers.message ?? body);
  }

  #acknowledged(headers) {
    const waiting = this.#receipts.get(headers['receipt-id']);
    this.#receipts.delete(headers['receipt-id']);
    waiting?.resolve(headers);
  }

  #connected(headers) {
    this.#stopTimers();
    const [theySendMs = 0, theyWantMs = 0] = (headers['heart-beat'] ?? '0,0').split(',').map(Number);
    if (theyWantMs) this.#timers.push(setInterval(() => this.#socket.send('\n'), Math.max(theyWantMs, HEART_BEAT_MS)));
    if (theySendMs) {
      const silenceMs = Math.max(theySendMs, HEART_BEAT_MS);
      this.#timers.push(setInterval(() => this.#checkLife(silenceMs), silenceMs / 2));
    }
    this.#settleOpen.resolve(headers);
  }

  #checkLife(silenceMs) {
    if (performance.now() - this.#heardAtMs > silenceMs * SILENCES_ALLOWED) this.close();
  }

  #closed() {
    this.#over = true;
    this.#stopTimers();
    this.#subscriptions.clear();
    const lost = this.#error ?? new ConnectionLost('the connection ended');
    this.#settleOpen?.reject(lost);
    for (const { reject } of this.#receipts.values()) reject(new ConnectionLost('the connection ended'));
    this.#receipts.clear();
    this.#end(this.#error);
  }

  // Intervals and timeouts share their ids, so one call ends either.
  #stopTimers() {
    this.#timers.forEach(clearInterval);
    this.#timers = [];
  }
}

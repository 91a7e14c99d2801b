// One user at one socket of the stock client. The client is npm's, unmodified and with its default options; only the
// credentials are added. What is here keeps what arrived and turns receipts and refusals into promises.
import { Client } from '@stomp/stompjs';
import WebSocket from 'ws';

import { until } from './until.mjs';

// What the client's documentation says to do where there is no WebSocket of the platform's own.
Object.assign(globalThis, { WebSocket });

const REPLIES = '/user/queue/replies';

/** A SEND that was REFUSED. */
export class Refused extends Error {
  constructor(reply) {
    super(`${reply.status} ${reply.detail}`);
    Object.assign(this, reply);
  }
}

/** Where a room's messages come from. */
export const roomTopic = (roomId) => `/chat/topic/room/${roomId}`;
/** Where a room's presence changes come from. */
export const presenceTopic = (roomId) => `/chat/topic/presence/${roomId}`;

export class Chatter {
  /** Everything that came on the replies queue, in order. */
  replies = [];
  /** ERROR frames: there should be none. */
  errors = [];
  /** How often it has been connected. */
  connections = 0;
  /** How many heart-beats of the server's came. */
  heartBeats = 0;
  /** The address that it is connected to, or tries to be. */
  webSocket = null;
  #client;
  #problem = null;
  #receipts = 0;
  #waiting = new Map();

  /**
   * Connects; the replies queue is subscribed to when it returns. It goes to the server's next node, or to the one
   * `at` this address, and to the one after that whenever the connection is lost. `atConnect` runs at each (re)connect.
   */
  static async connect(server, api, user, { at = server.nextWebSocket(), atConnect = async () => {} } = {}) {
    const chatter = new Chatter();
    chatter.user = user;
    const token = await api.token(user);
    const client = new Client({ connectHeaders: { Authorization: `Bearer ${token}` } });
    chatter.#client = client;
    client.beforeConnect = () => {
      chatter.webSocket = chatter.webSocket === null ? at : server.webSocketAfter(chatter.webSocket);
      client.brokerURL = chatter.webSocket;
    };
    client.onStompError = (frame) => chatter.errors.push({ headers: frame.headers, body: frame.body });
    client.onHeartbeatReceived = () => (chatter.heartBeats += 1);
    client.onWebSocketClose = () => chatter.#lost();
    client.onConnect = async () => {
      try {
        await chatter.#connected();
        await atConnect(chatter);
        chatter.connections += 1;
      } catch (problem) {
        // A connection that was lost before it was of use: the client makes another by itself.
        chatter.#problem = problem;
      }
    };
    client.activate();
    const settled = () => chatter.connections > 0 || chatter.errors.length > 0;
    try {
      await until(settled, () => `${user.uid} is connected (${chatter.#problem ?? 'no answer'})`);
      if (chatter.errors.length > 0) throw new Error(`refused at CONNECT: ${JSON.stringify(chatter.errors)}`);
    } catch (problem) {
      await client.deactivate();
      throw problem;
    }
    return chatter;
  }

  get isConnected() {
    return this.#client.connected;
  }

  /** Subscribes, and gives the list that grows with what arrives: `{headers, body}`. */
  async subscribe(destination, headers = {}) {
    const arrived = [];
    await this.subscribeInto(arrived, destination, headers);
    return arrived;
  }

  /** The same, into a list there is: for one that goes on over several connections. */
  async subscribeInto(arrived, destination, headers = {}) {
    const receipt = this.#receipt();
    const take = (message) => arrived.push({ headers: message.headers, body: JSON.parse(message.body) });
    this.#client.subscribe(destination, take, { ...headers, receipt: receipt.id });
    await receipt.given;
  }

  /** Sends, and gives the RECEIPT's headers; throws Refused. */
  async send(destination, body) {
    const receipt = this.#receipt();
    this.#client.publish({ destination, body: JSON.stringify(body), headers: { receipt: receipt.id } });
    return receipt.given;
  }

  /** Joins, and gives the JOINED reply. */
  async join(roomId) {
    const before = this.replies.length;
    await this.send('/chat/pub/join', { roomId });
    return this.reply(({ type, room }) => type === 'JOINED' && room.id === roomId, before);
  }

  /** Says something, and gives the id that its RECEIPT named. */
  async say(roomId, content, more = {}) {
    const headers = await this.send('/chat/pub/send', { roomId, content, ...more });
    return headers['message-id'];
  }

  leave(roomId, lastReadMessageId) {
    return this.send('/chat/pub/leave', { roomId, lastReadMessageId });
  }

  exit(roomId) {
    return this.send('/chat/pub/exit', { roomId });
  }

  presence(roomId, presence) {
    return this.send('/chat/pub/presence', { roomId, presence });
  }

  /** The first reply that fits, counted from the `from`th. */
  reply(fits, from = 0) {
    const what = () => `a reply to ${this.user.uid} that fits; there are ${JSON.stringify(this.replies)}`;
    return until(() => this.replies.slice(from).find(fits), what);
  }

  /** Says goodbye, and returns when the socket is closed. */
  disconnect() {
    return this.#client.deactivate();
  }

  /** Ends the connection without a goodbye, and for good. */
  cutOff() {
    return this.#client.deactivate({ force: true });
  }

  async #connected() {
    const receipt = this.#receipt();
    const take = ({ body }) => this.#replied(JSON.parse(body));
    this.#client.subscribe(REPLIES, take, { receipt: receipt.id });
    await receipt.given;
  }

  #replied(reply) {
    this.replies.push(reply);
    if (reply.type === 'REFUSED') this.#settle(reply.receipt)?.refuse(new Refused(reply));
  }

  /** A receipt to ask for, and the promise of it. */
  #receipt() {
    const id = `receipt-${(this.#receipts += 1)}`;
    const given = new Promise((give, refuse) => this.#waiting.set(id, { give, refuse }));
    // Whoever asked awaits it; a connection that is lost meanwhile must not end the whole run.
    given.catch(() => {});
    this.#client.watchForReceipt(id, (frame) => this.#settle(id)?.give(frame.headers));
    return { id, given };
  }

  #settle(id) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #lost() {
    for (const id of [...this.#waiting.keys()]) this.#settle(id).refuse(new Error('the connection was lost'));
  }
}

/** The contents of the messages of this type that arrived, in order. */
export const contents = (arrived, messageType = 'TALK') =>
  arrived.filter(({ body }) => body.messageType === messageType).map(({ body }) => body.content);

/** Waits until a message with this content has arrived, and gives it. */
export const heard = (arrived, content) =>
  until(
    () => arrived.find(({ body }) => body.content === content),
    () => `“${content}” arrives; there is ${JSON.stringify(arrived.map(({ body }) => body))}`,
  );

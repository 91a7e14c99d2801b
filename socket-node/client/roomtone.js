// Roomtone's chat over a client of @stomp/stompjs: rooms go on after a lost connection where they were, each message comes
// once, what was said is said once, and the server's clock is known. It draws nothing, keeps nothing, and needs no build.
//
// The one argument is the stock client, made by the caller; what this sets of it are its callbacks, its login and its delays.

/** How long the server knows a repeat, less what a clock and a slow way may take. */
const SAY_AGAIN_MAX_MS = 4 * 60_000;
/** The pause after a lost connection, twice as long each time up to the longest; each by chance from half of it to half as long again. */
const RECONNECT_FIRST_MS = 1_000;
const RECONNECT_MAX_MS = 15_000;
/** A connection that was there for so long was a good one: the next pause is a first one again. */
const GOOD_CONNECTION_MS = 30_000;
/** The stock client's own pause, ReconnectionTimeMode.LINEAR, which comes on top. */
const LINEAR = 0;
const STOCK_PAUSE_MS = 10;
/** So many connections may a SEND end, by an ERROR that names it, before it is given up. */
const ERRORS_MAX = 3;
/** The server's limit, by code points, without white space around them. */
const CONTENT_CHARS_MAX = 2_000;
/** How a message's id looks. */
const MESSAGE_ID = /^[0-9a-f]{22}$/;
/** So long before a token runs out a new one is asked for, and so long at least between two times. */
const REFRESH_BEFORE_MS = 60_000;
const REFRESH_PAUSE_MS = 1_000;
/** What was learnt of the server's time gives way to what is less exact after so long, for clocks drift. */
const TOLD_MAX_MS = 600_000;
/** By so much the wall's clock is ahead of the steady one after a sleep; less is somebody who sets it. */
const SLEEP_MS = 2_000;
/** setTimeout's longest. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** A SEND that the server refused: `status` as of HTTP, and `retryAfterS` where it said so. */
export class Refused extends Error {
  constructor({ status, title, detail, roomId, retryAfter }) {
    super(detail || title);
    this.name = 'Refused';
    Object.assign(this, { status, title, roomId, retryAfterS: retryAfter });
  }
}

/** The connection was lost before an answer, for too long to ask again without fear of saying it twice. */
export class OutcomeUnknown extends Error {
  constructor() {
    super('the connection was lost, and whether it was done is not known');
    this.name = 'OutcomeUnknown';
  }
}

export class Roomtone {
  #client;
  #token;
  #rooms = new Map();
  /** SENDs without an answer, by their receipt. */
  #waiting = new Map();
  /** The server's time when it was last told, and both clocks of this machine then. */
  #told = null;
  #refresh = null;
  #nextReceipt = 0;
  /** Connections in a row that were not good ones, and when this one began. */
  #failed = 0;
  #connected = null;
  /** What runs since the last start(), and the pause that it is in. */
  #run = 0;
  #pause = null;

  /** 'stopped', 'connecting', 'online' or 'waiting'. */
  state = 'stopped';
  /** Called with each change of `state`. */
  onState = () => {};
  /** Called with each reply but for a refusal that a call rejects with: `{type: 'EVICTED', roomId, byRoomId}`, JOINED too. */
  onReply = () => {};
  /** Called with each ERROR, which ends the connection: `{message, detail}`, such as `login refused`. It is tried again after a pause. */
  onError = () => {};

  /** `client`: a `Client` of @stomp/stompjs that is not active. `token()` gives a token, or a promise of one, at each login. */
  constructor(client, token) {
    this.#client = client;
    this.#token = token;
    client.beforeConnect = () => this.#logIn();
    client.onConnect = () => this.#loggedIn();
    client.onStompError = ({ headers, body }) => this.#faulted(headers, body);
    client.onWebSocketClose = () => this.#closed();
    client.connectionTimeout ||= 10_000;
    client.reconnectTimeMode = LINEAR;
    client.reconnectDelay = STOCK_PAUSE_MS;
  }

  start() {
    if (this.state !== 'stopped') return;
    this.#run += 1;
    this.#failed = 0;
    this.#to('connecting');
    this.#client.activate();
  }

  /** Ends the connection. What is not answered yet stays unknown. */
  async stop() {
    // Nothing is sent from here on, and nothing that still runs begins anything.
    this.#to('stopped');
    clearTimeout(this.#pause);
    clearTimeout(this.#refresh);
    for (const { reject } of this.#waiting.values()) reject(new OutcomeUnknown());
    this.#waiting.clear();
    await this.#client.deactivate();
  }

  /**
   * A room, from its newest on or, with `since`, from the message after that. `onMessage(message)` gets each once, in order;
   * `onGap({roomId, after, before})` comes in the place of a hole, which history has: of one before the first message that was
   * heard neither end is known. `onPresence(change)`, if it is there, gets each change of who is on.
   */
  room(roomId, listener) {
    if (this.#rooms.has(roomId)) throw new Error(`room ${roomId} is open already`);
    if (listener.since && !MESSAGE_ID.test(listener.since)) throw new TypeError(`since is no message's id: ${listener.since}`);
    const room = new Room(this, roomId, listener, () => this.#rooms.delete(roomId));
    this.#rooms.set(roomId, room);
    if (this.state === 'online') room.subscribe(this.#client);
    return room;
  }

  /** Learns the server's time from an answer that has it; `askedAtMs`, of performance.now(), lets half of the way count. */
  learnTime(iso, askedAtMs = -Infinity) {
    const serverMs = Date.parse(iso);
    if (Number.isNaN(serverMs)) return;
    const onTheWayMs = (performance.now() - askedAtMs) / 2;
    // It is known to this much; a quicker answer tells it better.
    if (this.#told !== null && this.#told.onTheWayMs < onTheWayMs && since(this.#told) < TOLD_MAX_MS) return;
    this.#told = { serverMs: serverMs + (Number.isFinite(onTheWayMs) ? onTheWayMs : 0), onTheWayMs, ...clocks() };
  }

  /** Milliseconds since 1970 by the server's clock; by this machine's, before a first answer. */
  now() {
    return this.#told === null ? Date.now() : this.#told.serverMs + since(this.#told);
  }

  /** How far the server's clock is before this machine's, in milliseconds. */
  get offsetMs() {
    return this.now() - Date.now();
  }

  /**
   * Sends, and gives the RECEIPT's headers. `again` says that it may be sent again after a lost connection: what has a
   * clientMessageId, and what comes to the same when it is done twice.
   */
  send(destination, body, again = false) {
    return new Promise((resolve, reject) => {
      const sent = { destination, body, again, resolve, reject, errors: 0, ...clocks() };
      if (this.state === 'online' || (again && this.state !== 'stopped')) this.#put(sent);
      else reject(new OutcomeUnknown());
    });
  }

  #put(sent) {
    const receipt = `r-${this.#nextReceipt++}`;
    this.#waiting.set(receipt, sent);
    if (this.state !== 'online') return;
    sent.publishedMs = performance.now();
    this.#client.watchForReceipt(receipt, ({ headers }) => {
      this.#waiting.delete(receipt);
      sent.resolve(headers);
    });
    this.#client.publish({
      destination: sent.destination,
      headers: { receipt, 'content-type': 'application/json' },
      body: JSON.stringify(sent.body),
    });
  }

  async #logIn() {
    const run = this.#run;
    if (this.#failed > 0) {
      const pauseMs = Math.min(RECONNECT_FIRST_MS * 2 ** (this.#failed - 1), RECONNECT_MAX_MS);
      await new Promise((resume) => {
        this.#pause = setTimeout(resume, byChance(pauseMs));
      });
    }
    this.#to('connecting');
    // A token that cannot be had is no end: the server refuses, and it is asked for again with the next try.
    const token = await (async () => this.#token())().catch(() => '');
    // Stopped meanwhile, and perhaps started again: the stock client goes no further with this one.
    if (run !== this.#run || this.state === 'stopped') await new Promise(() => {});
    this.#client.connectHeaders = { Authorization: `Bearer ${token}` };
    this.#refreshBefore(token);
  }

  #loggedIn() {
    this.state = 'online';
    this.#connected = clocks();
    // The replies come first, so that no answer to what follows is missed.
    this.#client.subscribe('/user/queue/replies', ({ body }) => this.#reply(JSON.parse(body)));
    for (const room of this.#rooms.values()) room.subscribe(this.#client);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const sent of waiting) {
      if (since(sent) < SAY_AGAIN_MAX_MS) this.#put(sent);
      else sent.reject(new OutcomeUnknown());
    }
    // What is said from here on comes behind what waited.
    this.onState('online');
  }

  #faulted({ message, 'receipt-id': receipt }, detail) {
    const guilty = this.#waiting.get(receipt);
    if (guilty && ++guilty.errors >= ERRORS_MAX) {
      this.#waiting.delete(receipt);
      guilty.reject(new OutcomeUnknown());
    }
    this.onError({ message, detail });
  }

  #closed() {
    const wasGood = this.#connected !== null && since(this.#connected) >= GOOD_CONNECTION_MS;
    this.#failed = wasGood ? 1 : this.#failed + 1;
    this.#connected = null;
    clearTimeout(this.#refresh);
    if (this.state === 'stopped') return;
    for (const [receipt, sent] of this.#waiting) {
      if (sent.again) continue;
      this.#waiting.delete(receipt);
      sent.reject(new OutcomeUnknown());
    }
    this.#to('waiting');
  }

  #reply(reply) {
    if (reply.type === 'JOINED') {
      const isAsked = ({ destination, body }) => destination === '/chat/pub/join' && body.roomId === reply.room.id;
      const asked = [...this.#waiting.values()].find(isAsked);
      this.learnTime(reply.nowPlaying.serverTime, asked?.publishedMs);
    }
    if (reply.type === 'REFUSED' && this.#waiting.has(reply.receipt)) {
      this.#waiting.get(reply.receipt).reject(new Refused(reply));
      this.#waiting.delete(reply.receipt);
      return;
    }
    this.#rooms.get(reply.roomId ?? reply.room?.id)?.replied(reply);
    this.onReply(reply);
  }

  // A session ends with its token, so a newer one is said to it in time.
  #refreshBefore(token) {
    clearTimeout(this.#refresh);
    const endsMs = expiry(token);
    if (endsMs === null) return;
    const left = endsMs - this.now();
    const waitMs = Math.min(Math.max(left - REFRESH_BEFORE_MS, left / 2, REFRESH_PAUSE_MS), TIMER_MAX_MS);
    this.#refresh = setTimeout(async () => {
      try {
        const next = await this.#token();
        // The next login asks again.
        if (this.state !== 'online') return;
        if (next !== token) await this.send('/chat/pub/refresh', { token: next });
        this.#refreshBefore(next);
      } catch {
        // The session ends with its token then, and the next login has a new one.
      }
    }, waitMs);
  }

  #to(state) {
    if (this.state === state) return;
    this.state = state;
    this.onState(state);
  }
}

class Room {
  #link;
  #roomId;
  #listener;
  #forget;
  #subscriptions = [];
  #since;
  /** What is not above it was given already; nothing behind a hole. */
  #last = '';
  /** Whether it was heard on a connection before. */
  #begun = false;
  /** Gone out of it, by leave(): a reconnect must not bring it back. */
  #left = false;
  #client = null;
  /** Who waits for the answer to a join. */
  #joining = [];

  constructor(link, roomId, listener, forget) {
    this.#link = link;
    this.#roomId = roomId;
    this.#listener = listener;
    this.#forget = forget;
    this.#since = listener.since ?? null;
    this.#last = listener.since ?? '';
  }

  get id() {
    return this.#roomId;
  }

  /** The last message's id that was given: what to come back with. */
  get lastId() {
    return this.#since;
  }

  /** Becomes a member, or comes in as one; gives the reply, with the room and what plays. */
  async join() {
    const wasLeft = this.#left;
    this.#left = false;
    if (wasLeft && this.#subscriptions.length === 0 && this.#link.state === 'online') this.subscribe(this.#client);
    const replied = new Promise((resolve, reject) => this.#joining.push({ resolve, reject }));
    // Whoever closes the room ends it, and is told by this one.
    replied.catch(() => {});
    await this.#link.send('/chat/pub/join', { roomId: this.#roomId }, true);
    return replied;
  }

  /** Says it once, however often the connection is lost meanwhile; gives the message's id. */
  async say(content, clientMessageId = newId()) {
    const text = content.trim();
    // Far over it, it would be over the frame's limit too, and end the connection.
    if ([...text].length > CONTENT_CHARS_MAX) {
      const detail = `content: must be 1 to ${CONTENT_CHARS_MAX} characters`;
      throw new Refused({ status: 422, title: 'Against a rule', detail, roomId: this.#roomId });
    }
    const receipt = await this.#link.send('/chat/pub/send', { roomId: this.#roomId, content: text, clientMessageId }, true);
    return receipt['message-id'];
  }

  /** Notes how far was read. */
  read(lastReadMessageId) {
    return this.#link.send('/chat/pub/read', { roomId: this.#roomId, lastReadMessageId }, true);
  }

  /** Turns the switch: 'on' or 'off'. */
  presence(word) {
    return this.#link.send('/chat/pub/presence', { roomId: this.#roomId, presence: word }, true);
  }

  /** Goes out of the room by this socket, still a member. */
  async leave(lastReadMessageId) {
    const receipt = await this.#link.send('/chat/pub/leave', { roomId: this.#roomId, lastReadMessageId });
    this.#left = true;
    return receipt;
  }

  /** Is a member no more. */
  exit() {
    return this.#link.send('/chat/pub/exit', { roomId: this.#roomId });
  }

  /** Hears it no more. */
  close() {
    this.#forget();
    if (this.#link.state === 'online') this.#subscriptions.forEach((subscription) => subscription.unsubscribe());
    this.#subscriptions = [];
    for (const { reject } of this.#joining.splice(0)) reject(new OutcomeUnknown());
  }

  /** Called by the link, now and after each reconnect. */
  subscribe(client) {
    this.#client = client;
    this.#subscriptions = [];
    if (this.#left) return;
    if (this.#begun && this.#since === null) {
      this.#listener.onGap?.({ messageType: 'GAP', roomId: this.#roomId, after: null, before: null });
    }
    this.#begun = true;
    const from = this.#since === null ? {} : { since: this.#since };
    const room = client.subscribe(`/chat/topic/room/${this.#roomId}`, ({ body }) => this.#heard(JSON.parse(body)), from);
    this.#subscriptions = [room];
    if (this.#listener.onPresence) {
      const told = ({ body }) => this.#listener.onPresence(JSON.parse(body));
      this.#subscriptions.push(client.subscribe(`/chat/topic/presence/${this.#roomId}`, told));
    }
  }

  /** Called by the link. */
  replied(reply) {
    if (reply.type !== 'JOINED') return;
    for (const { resolve } of this.#joining.splice(0)) resolve(reply);
  }

  #heard(message) {
    if (message.messageType === 'GAP') {
      // What follows may be of another epoch of the log, and below what was.
      this.#last = '';
      this.#listener.onGap?.(message);
      return;
    }
    if (message.id <= this.#last) return;
    this.#last = message.id;
    this.#since = message.id;
    this.#listener.onMessage(message);
  }
}

/** What both clocks of this machine say. */
function clocks() {
  return { steadyMs: performance.now(), wallMs: Date.now() };
}

/** Milliseconds since something that has both clocks' times. The steady one stands still while some machines sleep. */
function since({ steadyMs, wallMs }) {
  const now = clocks();
  const [steady, wall] = [now.steadyMs - steadyMs, now.wallMs - wallMs];
  return wall - steady > SLEEP_MS ? wall : steady;
}

/** When a token runs out, in milliseconds since 1970; null where it does not say. */
function expiry(token) {
  try {
    const [, claims] = token.split('.');
    const { exp } = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/')));
    return Number.isFinite(exp) ? exp * 1000 : null;
  } catch {
    return null;
  }
}

/** A fleet's clients are not to come back all at once. */
function byChance(ms) {
  return ms / 2 + Math.random() * ms;
}

function newId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

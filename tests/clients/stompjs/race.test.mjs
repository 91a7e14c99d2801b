// 64 joins of one user at once: by npm's stock client at every node of a fleet, and by the function that makes a
// playlist's owner a member. Never more than four rooms, and the one joined longest ago goes.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Api, newPlaylist, newUser } from './api.mjs';
import { Chatter } from './chatter.mjs';
import { ON_FLEET, Server } from './server.mjs';
import { until } from './until.mjs';

const TIMEOUT_MS = 3_600_000;
const ROUNDS = Number(process.env.ROUNDS || 5);
const JOINS = 64;
/** One of so many joins is a create. */
const CREATE_EVERY = 8;
/** Rooms of others, joined by socket. */
const ROOMS = 6;
/** Rooms of the user's own, joined by creating them again. */
const OWN_ROOMS = 2;
const SOCKETS_PER_NODE = 2;
/** How often the list of joined rooms is read during the race. */
const LOOKS = 5;
const ROOMS_AT_MOST = 4;
const RATE = { ROOMTONE_SENDS_PER_S: '100000', ROOMTONE_SEND_BURST: '100000' };
const skip = ON_FLEET ? false : 'one process has one node: ROOMTONE_TESTS_ON=fleet';

const times = (count, make) => Promise.all(Array.from({ length: count }, (_, n) => make(n)));

describe('64 joins at once with @stomp/stompjs and over HTTP', { timeout: TIMEOUT_MS, skip }, () => {
  let server;
  let api;

  before(async () => {
    server = await Server.start(RATE);
    api = new Api(server);
  });

  after(() => server?.stop());

  it(`never more than four rooms, always the oldest out, ${ROUNDS} times`, async () => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const race = await Race.prepare(server, api);
      try {
        await race.run();
        await race.judge(`round ${round}`);
      } finally {
        await race.end();
      }
    }
  });
});

/** One round: rooms and people of its own. */
class Race {
  #api;
  #user = newUser();
  /** `{roomId, reader}`: somebody who may read what the room was told. */
  #rooms;
  #own;
  #sockets;
  #witness;
  /** What the answers to the creates said was evicted: `{roomId, byRoomId}`. */
  #evictedByCreates = [];

  static async prepare(server, api) {
    const race = new Race();
    race.#api = api;
    race.#rooms = await times(ROOMS, async () => {
      const reader = newUser('Sky');
      return { roomId: (await api.createRoom(reader)).id, reader };
    });
    const witness = newUser('Cloud');
    race.#witness = await Chatter.connect(server, api, witness);
    race.#own = await times(OWN_ROOMS, async () => {
      const playlist = newPlaylist();
      const { id: roomId } = await api.createRoom(race.#user, playlist);
      await race.#witness.join(roomId);
      return { roomId, playlist, reader: witness };
    });
    const places = server.webSockets.flatMap((at) => Array(SOCKETS_PER_NODE).fill(at));
    race.#sockets = await Promise.all(places.map((at) => Chatter.connect(server, api, race.#user, { at })));
    // The user begins as a member of four rooms, so that each further membership ends one.
    for (const { roomId } of race.#rooms.slice(0, ROOMS_AT_MOST - OWN_ROOMS)) await race.#sockets[0].join(roomId);
    return race;
  }

  async run() {
    const joins = times(JOINS, (n) => (n % CREATE_EVERY === 0 ? this.#create(n / CREATE_EVERY) : this.#join(n)));
    for (let look = 0; look < LOOKS; look += 1) {
      const { length } = await this.#api.joined(this.#user);
      assert.ok(length <= ROOMS_AT_MOST, `${length} rooms`);
    }
    await joins;
  }

  async #create(n) {
    const { id, evictedRoomId } = await this.#api.createRoom(this.#user, this.#own[n % OWN_ROOMS].playlist);
    if (evictedRoomId) this.#evictedByCreates.push({ roomId: evictedRoomId, byRoomId: id });
  }

  /** Each socket goes through the rooms in another order. */
  #join(n) {
    const socket = n % this.#sockets.length;
    const turn = Math.floor(n / this.#sockets.length);
    const { roomId } = this.#rooms[(turn * (1 + (socket % 2) * 4) + socket) % ROOMS];
    return this.#sockets[socket].send('/chat/pub/join', { roomId });
  }

  async judge(round) {
    const joined = (await this.#api.joined(this.#user)).map(({ id }) => id);
    assert.equal(joined.length, ROOMS_AT_MOST, round);
    const answered = this.#evictedByAnswers();
    let seen;
    const isThere = async () => {
      seen = await this.#seen();
      const told = [seen.exits, ...seen.evictions];
      return told.every(({ length }) => length >= answered.length);
    };
    await until(isThere, () => `${round}: ${answered.length} evictions are told; there are ${JSON.stringify(seen)}`);

    // Whoever was a member and is no more left in the order of joining; the rest are members still.
    const order = [...inTime(seen.exits), ...[...joined].reverse()];
    const expected = order.slice(ROOMS_AT_MOST).map((byRoomId, n) => ({ roomId: order[n], byRoomId }));
    for (const told of [answered, ...seen.evictions]) {
      assert.deepEqual(sorted(told), sorted(expected), `${round}: not the oldest went`);
    }
    const own = this.#own.map(({ roomId }) => roomId);
    const entered = order.filter((roomId) => !own.includes(roomId));
    assert.deepEqual(inTime(seen.enters), entered, `${round}: the order of the ENTERs`);
  }

  /** What the answers to joins and creates said was evicted. */
  #evictedByAnswers() {
    const replies = this.#sockets.flatMap((socket) => socket.replies);
    const joins = replies.filter(({ type, evictedRoomId }) => type === 'JOINED' && evictedRoomId);
    return [...this.#evictedByCreates, ...joins.map(({ room, evictedRoomId }) => ({ roomId: evictedRoomId, byRoomId: room.id }))];
  }

  /** What all rooms were told of the user, each in its order, and what each of the user's sockets was told. */
  async #seen() {
    const histories = await Promise.all(
      [...this.#rooms, ...this.#own].map(({ roomId, reader }) => this.#api.history(reader, roomId)),
    );
    const notices = histories.flat().filter(({ senderId }) => senderId === this.#user.uid);
    const of = (type) => notices.filter(({ messageType }) => messageType === type);
    const evictions = this.#sockets.map(({ replies }) => replies.filter(({ type }) => type === 'EVICTED'));
    return { enters: of('ENTER'), exits: of('EXIT'), evictions };
  }

  async end() {
    await Promise.all([...this.#sockets, this.#witness].map((chatter) => chatter.disconnect()));
  }
}

const inTime = (notices) =>
  [...notices].sort((one, other) => one.createdAt.localeCompare(other.createdAt)).map(({ roomId }) => roomId);

const sorted = (evictions) => evictions.map(({ roomId, byRoomId }) => `${roomId} by ${byRoomId}`).sort();

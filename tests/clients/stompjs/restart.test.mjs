// The server, or the one node of a fleet that somebody is at, is killed in the middle of a conversation and started
// again on the same data. npm's stock client comes back by itself, in a fleet at the next node; what it was given a
// RECEIPT for must be there, and nobody may hear anything twice.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Api, newUser } from './api.mjs';
import { Chatter, heard, roomTopic } from './chatter.mjs';
import { Server } from './server.mjs';
import { becomes, until } from './until.mjs';

const LIVES = 3;
const PER_LIFE = 60;
// Under the default rate limit (a burst of 100, then 20 a second), with some messages always under way.
const IN_FLIGHT = 8;

describe('kill -9 and restart with @stomp/stompjs', { timeout: 300_000 }, () => {
  let server;
  let api;
  let talker;
  let listener;

  before(async () => {
    server = await Server.start();
    api = new Api(server);
  });

  after(async () => {
    await talker?.disconnect();
    await listener?.disconnect();
    await server?.stop();
  });

  it('every receipted message is there, in order, and ids go on upwards', async () => {
    const [owner, reader, idler] = [newUser('Sky'), newUser(), newUser()];
    const room = await api.createRoom(owner);
    const roomId = room.id;
    const talk = new Talk(roomId);
    // Only who is in the room may speak in it, so the talker takes a seat again at each connect.
    const seat = (chatter) => chatter.subscribe(roomTopic(roomId));
    talker = await Chatter.connect(server, api, owner, { atConnect: seat });

    const arrived = [];
    const fromLast = (chatter) =>
      chatter.subscribeInto(arrived, roomTopic(roomId), arrived.length > 0 ? { since: arrived.at(-1).body.id } : {});
    listener = await Chatter.connect(server, api, reader, { atConnect: fromLast });
    await listener.join(roomId);

    const idle = await Chatter.connect(server, api, idler);
    await idle.join(roomId);
    const readId = await talker.say(roomId, 'read');
    await idle.leave(roomId, readId);
    await idle.disconnect();

    let newestBefore = readId;
    for (let life = 0; life < LIVES; life += 1) {
      // In a fleet only those at this node are cut off: the talker, then the listener.
      const node = [talker, listener][life % 2].webSocket;
      const cutOff = [talker, listener].filter(({ webSocket }) => webSocket === node);
      const connections = cutOff.map((each) => each.connections);
      await talk.untilKilled(talker, life, () => server.kill(node));
      const receipted = [...talk.receipted.keys()];
      assert.ok(receipted.length >= PER_LIFE / 2 * (life + 1), 'the kill struck after receipts');
      await server.start();
      const areBack = () => cutOff.every((each, n) => each.connections > connections[n]);
      await until(areBack, 'who was cut off is back');
      const elsewhere = server.webSockets.length > 1;
      assert.ok(cutOff.every(({ webSocket }) => (webSocket !== node) === elsewhere), 'at another node, if there is one');

      await talk.sayAgain(talker);
      const marker = `life ${life} is over`;
      const markerId = await talker.say(roomId, marker);
      assert.ok(markerId > newestBefore && receipted.every((id) => id < markerId), 'ids go on upwards');
      newestBefore = markerId;
      await heard(arrived, marker);
    }

    let history;
    const hasAll = async () => (history = await api.history(owner, roomId)).at(-1)?.id === newestBefore;
    await until(hasAll, 'history has the last message');
    const ids = history.map(({ id }) => id);
    assert.deepEqual(ids, [...new Set(ids)].sort(), 'history is in order, without a repeat');
    const byId = new Map(history.map((message) => [message.id, message.content]));
    for (const [id, content] of talk.receipted) assert.equal(byId.get(id), content, `receipted ${id} is kept`);
    const spoken = history.filter(({ clientMessageId }) => clientMessageId);
    assert.equal(spoken.length, talk.receipted.size, 'what was said again after the kill is there once');
    const start = ids.indexOf(arrived[0].body.id);
    assert.deepEqual(arrived.map(({ body }) => body), history.slice(start), 'live, over three kills, was history');

    const card = async () => {
      const { lastReadMessageId, userCount, createdAt } = await api.joinedRoom(idler, roomId);
      return { lastReadMessageId, userCount, createdAt };
    };
    const wanted = { lastReadMessageId: readId, userCount: 3, createdAt: room.createdAt };
    await becomes(card, wanted, 'the read marker and the members outlived it');
    assert.deepEqual([...talker.errors, ...listener.errors], []);
  });
});

/** A conversation with receipts: what was given one, and what has none yet. */
class Talk {
  receipted = new Map();
  #open = new Map();
  #next = 0;

  constructor(roomId) {
    this.roomId = roomId;
  }

  /** Talks, several SENDs at a time; kills when half of this life's messages have their receipt. */
  async untilKilled(chatter, life, kill) {
    const before = this.receipted.size;
    let killing = null;
    const speak = async () => {
      for (let n = 0; n < PER_LIFE / IN_FLIGHT && killing === null; n += 1) {
        await this.#say(chatter, `c${(this.#next += 1)}`, `life ${life}: ${this.#next}`).catch(() => {});
        if (this.receipted.size - before >= PER_LIFE / 2) killing ??= kill();
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, speak));
    await (killing ?? kill());
  }

  /** Says again what got no receipt, with the same clientMessageId. */
  async sayAgain(chatter) {
    for (const [clientMessageId, content] of [...this.#open]) await this.#say(chatter, clientMessageId, content);
  }

  async #say(chatter, clientMessageId, content) {
    this.#open.set(clientMessageId, content);
    const id = await chatter.say(this.roomId, content, { clientMessageId });
    this.receipted.set(id, content);
    this.#open.delete(clientMessageId);
  }
}

// Three users of npm's stock client in a room, from the first join to the last word they are let hear.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';

import { Api, newUser } from './api.mjs';
import { Chatter, Refused, contents, heard, presenceTopic, roomTopic } from './chatter.mjs';
import { Server } from './server.mjs';
import { becomes, until } from './until.mjs';

const TIMEOUT_MS = 540_000;
// Three heart-beats of 10 s, and as long again.
const HEART_BEATS_MS = 60_000;
const entered = (user) => `${user.nickname}님이 입장하였습니다.`;
const exited = (user) => `${user.nickname}님이 퇴장하였습니다.`;

describe('three users with @stomp/stompjs', { timeout: TIMEOUT_MS }, () => {
  let server;
  let api;
  let chatters = [];

  before(async () => {
    server = await Server.start();
    api = new Api(server);
  });

  after(() => server?.stop());

  afterEach(async () => {
    const errors = chatters.flatMap((chatter) => chatter.errors);
    await Promise.all(chatters.map((chatter) => chatter.disconnect()));
    chatters = [];
    assert.deepEqual(errors, [], 'nobody got an ERROR frame');
  });

  async function connect(user) {
    const chatter = await Chatter.connect(server, api, user);
    chatters.push(chatter);
    return chatter;
  }

  /** A room whose owner listens in it. */
  async function roomWithOwner() {
    const owner = newUser('Sky');
    const room = await api.createRoom(owner);
    const chatter = await connect(owner);
    const arrived = await chatter.subscribe(roomTopic(room.id));
    return { roomId: room.id, room, owner, chatter, arrived };
  }

  /** A user who subscribed to the room and joined it. */
  async function joiner(roomId) {
    const user = newUser();
    const chatter = await connect(user);
    const arrived = await chatter.subscribe(roomTopic(roomId));
    const joined = await chatter.join(roomId);
    return { user, chatter, arrived, joined };
  }

  it('a room is there to use as soon as it is created, with its owner in it and no ENTER', async () => {
    const owner = newUser();
    const room = await api.createRoom(owner);
    assert.equal(room.owner.uid, owner.uid);
    assert.equal(room.userCount, 1);
    assert.deepEqual((await api.joined(owner)).map(({ id }) => id), [room.id]);
    assert.deepEqual(await api.history(owner, room.id), []);
  });

  it('subscribe first, then join: one hears oneself enter', async () => {
    const { roomId, arrived } = await roomWithOwner();
    const user = newUser();
    const chatter = await connect(user);
    const own = await chatter.subscribe(roomTopic(roomId));
    const reply = await chatter.join(roomId);
    assert.equal(reply.presence, 'on');
    assert.equal(reply.currentMusicId, reply.nowPlaying.musicId);
    await heard(own, entered(user));
    assert.deepEqual(own.map(({ body }) => body.messageType), ['ENTER']);
    const enter = await heard(arrived, entered(user));
    assert.equal(enter.body.senderId, user.uid);
    assert.equal(enter.body.id, own[0].body.id);
  });

  it('join first, then subscribe: one hears all that follows', async () => {
    const { roomId, chatter: owner, arrived } = await roomWithOwner();
    const user = newUser();
    const chatter = await connect(user);
    await chatter.join(roomId);
    await heard(arrived, entered(user));
    const own = await chatter.subscribe(roomTopic(roomId));
    await owner.say(roomId, '어서 와요');
    await heard(own, '어서 와요');
    assert.deepEqual(contents(own), ['어서 와요']);
  });

  it('one ENTER, however often and from however many sockets one joins', async () => {
    const { roomId, owner, chatter, arrived } = await roomWithOwner();
    const user = newUser();
    const sockets = await Promise.all([connect(user), connect(user), connect(user)]);
    await Promise.all(sockets.flatMap((socket) => [socket.join(roomId), socket.join(roomId)]));
    await sockets[0].join(roomId);
    await chatter.say(roomId, 'that was all');
    await heard(arrived, 'that was all');
    assert.deepEqual(contents(arrived, 'ENTER'), [entered(user)]);
    const types = async () => (await api.history(owner, roomId)).map(({ messageType }) => messageType);
    await becomes(types, ['ENTER', 'TALK'], 'history');
    await becomes(async () => (await api.joinedRoom(owner, roomId)).userCount, 2, 'the members');
  });

  it('what is said reaches everybody once and in one order, and each RECEIPT names its message', async () => {
    const { roomId, owner, chatter, arrived } = await roomWithOwner();
    const [first, second] = [await joiner(roomId), await joiner(roomId)];
    const talkers = [chatter, first.chatter, second.chatter];
    const said = new Map();
    await Promise.all(talkers.flatMap((talker, who) => [0, 1, 2, 3, 4].map(async (n) => {
      const content = `${who}: ${n} 🎵`;
      said.set(await talker.say(roomId, content), content);
    })));
    assert.equal(said.size, 15);
    const talk = (list) => list.filter(({ body }) => body.messageType === 'TALK');
    for (const list of [arrived, first.arrived, second.arrived]) {
      await until(() => talk(list).length >= 15, 'all fifteen arrive');
      assert.deepEqual(new Map(talk(list).map(({ body }) => [body.id, body.content])), said);
      assert.deepEqual(talk(list).map(({ body }) => body.id), [...said.keys()].sort(), 'ids sort as they arrive');
      for (const { headers, body } of talk(list)) assertWellFormed(headers, body, roomId);
    }
    for (const n of [0, 1, 2]) {
      const own = contents(arrived).filter((content) => content.startsWith(`${n}:`));
      assert.deepEqual(own, [0, 1, 2, 3, 4].map((k) => `${n}: ${k} 🎵`), 'a socket’s SENDs keep their order');
    }
    await becomes(() => api.history(owner, roomId), arrived.map(({ body }) => body), 'history is what was heard');
  });

  it('a message said again with its clientMessageId is the one there is', async () => {
    const { roomId, chatter, arrived } = await roomWithOwner();
    const id = await chatter.say(roomId, 'once', { clientMessageId: 'c-1' });
    assert.equal(await chatter.say(roomId, 'once', { clientMessageId: 'c-1' }), id);
    await chatter.say(roomId, 'after');
    await heard(arrived, 'after');
    assert.deepEqual(contents(arrived), ['once', 'after']);
  });

  it('off and on: presence subscribers are told once each, and who is off is refused', async () => {
    const { roomId, owner, chatter, arrived } = await roomWithOwner();
    const changes = await chatter.subscribe(presenceTopic(roomId));
    const { user, chatter: switcher } = await joiner(roomId);
    const told = () => changes.filter(({ body }) => body.uid === user.uid).map(({ body }) => body.presence);
    await until(() => told().length === 1, 'on is told');

    await switcher.presence(roomId, 'off');
    await switcher.reply(({ type, presence }) => type === 'PRESENCE' && presence === 'off');
    await until(() => told().length === 2, 'off is told');
    await becomes(() => api.presence(owner, roomId, 'off'), [user.uid], 'who is off');
    const refusal = await switcher.say(roomId, 'not heard').catch((refused) => refused);
    assert.ok(refusal instanceof Refused, `${refusal}`);
    assert.equal(refusal.status, 403);
    assert.equal(refusal.roomId, roomId);

    await switcher.presence(roomId, 'on');
    await switcher.say(roomId, 'heard');
    await heard(arrived, 'heard');
    assert.deepEqual(contents(arrived), ['heard']);
    await becomes(() => api.presence(owner, roomId, 'on'), [owner.uid, user.uid].sort(), 'who is on');

    await switcher.leave(roomId);
    await until(() => told().length === 4, 'that the only socket left is told');
    assert.deepEqual(told(), ['on', 'off', 'on', 'off']);
    assert.deepEqual(changes.at(-1).body.onCount, 1);
  });

  it('five missed messages: unread, re-entry and resume tell the same five', async () => {
    const { roomId, chatter: owner } = await roomWithOwner();
    const { user, chatter, arrived } = await joiner(roomId);
    const other = await joiner(roomId);
    const readId = await owner.say(roomId, 'read');
    await heard(arrived, 'read');
    await chatter.leave(roomId, readId);

    const missed = ['하나', '둘', '셋', '넷', '다섯'];
    const ids = [];
    for (const [n, content] of missed.entries()) ids.push(await (n % 2 ? owner : other.chatter).say(roomId, content));

    const card = async () => {
      const { unreadCount, lastReadMessageId, lastMessage, presence } = await api.joinedRoom(user, roomId);
      return { unreadCount, lastReadMessageId, lastMessageId: lastMessage?.id, presence };
    };
    const wanted = { unreadCount: 5, lastReadMessageId: readId, lastMessageId: ids[4], presence: 'off' };
    await becomes(card, wanted, 'the room in the list');

    let reentry;
    const hasAll = async () => (reentry = await api.reentry(user, roomId)).newMessages.length === 5;
    await until(hasAll, () => `five are new at re-entry; there are ${JSON.stringify(reentry)}`);
    assert.deepEqual(reentry.newMessages.map(({ content }) => content), missed);
    assert.equal(reentry.truncated, false);
    assert.equal(reentry.unreadCount, 5);
    assert.equal(reentry.beforeMessages.at(-1).id, readId);
    assert.equal(reentry.room.id, roomId);
    assert.equal(reentry.currentMusicId, reentry.nowPlaying.musicId);

    await chatter.disconnect();
    const back = await connect(user);
    const resumed = await back.subscribe(roomTopic(roomId), { since: readId });
    await owner.say(roomId, 'live again');
    await heard(resumed, 'live again');
    assert.deepEqual(resumed.map(({ body }) => body.id).slice(0, 5), ids);
    assert.deepEqual(contents(resumed), [...missed, 'live again']);
    assert.equal(resumed.length, 6, 'nothing twice, and no ENTER for who comes back');
    assert.deepEqual(contents(arrived), ['read'], 'the socket that had left heard none of it');
  });

  it('a room left is silent on that socket until it joins again', async () => {
    const { roomId, chatter: owner } = await roomWithOwner();
    const { chatter, arrived } = await joiner(roomId);
    await chatter.leave(roomId);
    await owner.say(roomId, 'unheard');
    await chatter.join(roomId);
    await owner.say(roomId, 'heard');
    await heard(arrived, 'heard');
    assert.deepEqual(contents(arrived), ['heard']);
    assert.equal(contents(arrived, 'ENTER').length, 1);
  });

  it('a fifth room takes one out of the oldest: EVICTED on every socket, EXIT in that room', async () => {
    const rooms = [];
    for (let n = 0; n < 5; n += 1) rooms.push(await roomWithOwner());
    const user = newUser();
    const [socket, otherSocket] = [await connect(user), await connect(user)];
    const inOldest = await socket.subscribe(roomTopic(rooms[0].roomId));
    for (const { roomId } of rooms.slice(0, 4)) await socket.join(roomId);
    const reply = await socket.join(rooms[4].roomId);
    assert.equal(reply.evictedRoomId, rooms[0].roomId);

    for (const each of [socket, otherSocket]) {
      const evicted = await each.reply(({ type }) => type === 'EVICTED');
      assert.deepEqual(evicted, { type: 'EVICTED', roomId: rooms[0].roomId, byRoomId: rooms[4].roomId });
    }
    await heard(rooms[0].arrived, exited(user));
    await heard(inOldest, exited(user));
    const newestFirst = rooms.slice(1).reverse().map(({ roomId }) => roomId);
    assert.deepEqual((await api.joined(user)).map(({ id }) => id), newestFirst);

    await rooms[0].chatter.say(rooms[0].roomId, 'without you');
    const inNewest = await socket.subscribe(roomTopic(rooms[4].roomId));
    await rooms[4].chatter.say(rooms[4].roomId, 'with you');
    await heard(inNewest, 'with you');
    assert.deepEqual(inOldest.map(({ body }) => body.messageType), ['ENTER', 'EXIT']);
    for (const each of [socket, otherSocket]) {
      assert.equal(each.replies.filter(({ type }) => type === 'EVICTED').length, 1);
    }
  });

  it('who exits is cut off live: their own EXIT, then nothing, and no more sending', async () => {
    const { roomId, owner, chatter: talker, arrived } = await roomWithOwner();
    const elsewhere = await roomWithOwner();
    const { user, chatter, arrived: own } = await joiner(roomId);
    await chatter.join(elsewhere.roomId);
    const fence = await chatter.subscribe(roomTopic(elsewhere.roomId));

    await chatter.exit(roomId);
    await heard(own, exited(user));
    await heard(arrived, exited(user));
    await talker.say(roomId, 'after you left');
    await elsewhere.chatter.say(elsewhere.roomId, 'fence');
    await heard(fence, 'fence');
    assert.deepEqual(own.map(({ body }) => body.messageType), ['ENTER', 'EXIT']);

    await assert.rejects(chatter.say(roomId, 'let me'), { status: 403 });
    await assert.rejects(api.reentry(user, roomId), { status: 403 });
    assert.deepEqual((await api.joined(user)).map(({ id }) => id), [elsewhere.roomId]);
    await api.exit(user, roomId);
    await talker.say(roomId, 'exit again is nothing');
    await heard(arrived, 'exit again is nothing');
    assert.deepEqual(contents(arrived, 'EXIT'), [exited(user)]);
    await becomes(async () => (await api.joinedRoom(owner, roomId)).userCount, 1, 'the members');
  });

  it('an exit over HTTP cuts every socket of the user off', async () => {
    const { roomId, chatter: talker } = await roomWithOwner();
    const { user, chatter, arrived } = await joiner(roomId);
    const second = await connect(user);
    const there = await second.subscribe(roomTopic(roomId));
    await api.exit(user, roomId);
    for (const list of [arrived, there]) await heard(list, exited(user));
    await talker.say(roomId, 'unheard');
    await chatter.join(roomId);
    await until(() => contents(arrived, 'ENTER').length === 2, 'the second ENTER');
    assert.deepEqual(contents(arrived), [], 'who comes back starts at the new ENTER');
  });

  it('who only listens stays connected, by heart-beats', async () => {
    const { roomId, chatter: owner } = await roomWithOwner();
    const { chatter, arrived } = await joiner(roomId);
    await until(() => chatter.heartBeats >= 3, 'three heart-beats', HEART_BEATS_MS);
    await owner.say(roomId, 'still there?');
    await heard(arrived, 'still there?');
    assert.equal(chatter.connections, 1, 'on the connection of the beginning');
  });

  it('a token that is not this server’s is refused at CONNECT', async () => {
    const stranger = { token: async () => 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.AAAA' };
    await assert.rejects(Chatter.connect(server, stranger, newUser()), /refused at CONNECT/);
  });
});

function assertWellFormed(headers, body, roomId) {
  assert.equal(headers['message-id'], body.id);
  assert.equal(headers.destination, roomTopic(roomId));
  assert.match(headers['content-type'], /^application\/json/);
  assert.equal(body.roomId, roomId);
  assert.match(body.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(typeof body.currentMusicId, 'string');
  assert.ok(Number.isInteger(body.positionMs) && body.positionMs >= 0);
}

// What only a fleet shows: npm's stock client at several nodes that have the real parts between them and nothing else.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';

import { Api, newUser } from './api.mjs';
import { Chatter, contents, heard, presenceTopic, roomTopic } from './chatter.mjs';
import { ON_FLEET, Server } from './server.mjs';
import { becomes, until } from './until.mjs';

const TIMEOUT_MS = 540_000;
// Somebody talks as fast as the RECEIPTs come while another is cut off and comes back.
const RATE = { ROOMTONE_SENDS_PER_S: '100000', ROOMTONE_SEND_BURST: '100000' };
const CUTS = 9;
const HEARD_PER_CUT = 10;
const REPEATS = 10;
const exited = (user) => `${user.nickname}님이 퇴장하였습니다.`;
const skip = ON_FLEET ? false : 'one process has one node: ROOMTONE_TESTS_ON=fleet';

describe('several nodes with @stomp/stompjs', { timeout: TIMEOUT_MS, skip }, () => {
  let server;
  let api;
  let chatters = [];

  before(async () => {
    server = await Server.start(RATE);
    api = new Api(server);
  });

  after(() => server?.stop());

  afterEach(async () => {
    const errors = chatters.flatMap((chatter) => chatter.errors);
    await Promise.all(chatters.map((chatter) => chatter.disconnect()));
    chatters = [];
    assert.deepEqual(errors, [], 'nobody got an ERROR frame');
  });

  async function connect(user, at) {
    const chatter = await Chatter.connect(server, api, user, { at });
    chatters.push(chatter);
    return chatter;
  }

  /** A socket of this user's at every node. */
  const connectEverywhere = (user) => Promise.all(server.webSockets.map((at) => connect(user, at)));

  /** A room whose owner listens in it at every node. */
  async function roomWithOwner() {
    const owner = newUser('Sky');
    const { id: roomId } = await api.createRoom(owner);
    const sockets = await connectEverywhere(owner);
    const lists = await Promise.all(sockets.map((socket) => socket.subscribe(roomTopic(roomId))));
    return { roomId, owner, sockets, lists };
  }

  /** Waits until every list has a message with this content; gives the ids that it has in them. */
  async function heardEverywhere(lists, content) {
    const messages = await Promise.all(lists.map((list) => heard(list, content)));
    return messages.map(({ body }) => body.id);
  }

  it('what is said at any node is heard at every node, as one message in one order', async () => {
    const { roomId, sockets, lists } = await roomWithOwner();
    const said = await Promise.all(sockets.map((socket, n) => socket.say(roomId, `from node ${n}`)));
    for (const [n, id] of said.entries()) {
      assert.deepEqual(await heardEverywhere(lists, `from node ${n}`), lists.map(() => id));
    }
    const bodies = lists.map((list) => list.map(({ body }) => body));
    assert.equal(bodies[0].length, sockets.length);
    for (const others of bodies.slice(1)) assert.deepEqual(others, bodies[0]);
  });

  it('sockets at two nodes count as one: on is told once, and off when the last goes', async () => {
    const { roomId, owner, sockets } = await roomWithOwner();
    const changes = await Promise.all(sockets.map((socket) => socket.subscribe(presenceTopic(roomId))));
    const [user, other] = [newUser(), newUser()];
    const told = (list) =>
      list.filter(({ body }) => body.uid !== owner.uid).map(({ body }) => `${body.uid} ${body.presence} of ${body.onCount}`);
    const toldEverywhere = async (wanted) => {
      for (const list of changes) await becomes(() => told(list), wanted, 'what presence subscribers are told');
    };

    const [first, second] = [await connect(user, server.webSockets[0]), await connect(user, server.webSockets[1])];
    await first.join(roomId);
    await second.join(roomId);
    await toldEverywhere([`${user.uid} on of 2`]);

    await first.disconnect();
    // What comes next in the room's order is somebody else; the user may still speak.
    const passing = await connect(other, server.webSockets[0]);
    await passing.join(roomId);
    await toldEverywhere([`${user.uid} on of 2`, `${other.uid} on of 3`]);
    await second.say(roomId, 'still here');
    await becomes(() => api.presence(owner, roomId, 'on'), [owner, user, other].map(({ uid }) => uid).sort(), 'who is on');
    assert.equal((await api.joinedRoom(user, roomId)).presence, 'on');

    await second.disconnect();
    await toldEverywhere([`${user.uid} on of 2`, `${other.uid} on of 3`, `${user.uid} off of 2`]);
    await becomes(() => api.presence(owner, roomId, 'off'), [user.uid], 'who is off');
  });

  it('an exit over HTTP silences the user’s subscriptions at every node', async () => {
    const { roomId, owner, sockets: talkers, lists } = await roomWithOwner();
    const user = newUser();
    const sockets = await connectEverywhere(user);
    const own = await Promise.all(sockets.map((socket) => socket.subscribe(roomTopic(roomId))));
    await sockets[0].join(roomId);
    await talkers[0].say(roomId, 'together');
    await heardEverywhere(own, 'together');

    await api.exit(user, roomId);
    await heardEverywhere([...own, ...lists], exited(user));
    for (const [n, talker] of talkers.entries()) await talker.say(roomId, `without you ${n}`);
    await heardEverywhere(lists, `without you ${talkers.length - 1}`);
    for (const socket of sockets) await assert.rejects(socket.say(roomId, 'let me'), { status: 403 });

    await sockets.at(-1).join(roomId);
    await talkers[0].say(roomId, 'together again');
    await heardEverywhere(own, 'together again');
    for (const list of own) assert.deepEqual(contents(list), ['together', 'together again']);
    await becomes(async () => (await api.joinedRoom(owner, roomId)).userCount, 2, 'the members');
  });

  it('a fifth room joined at one node is told at all of them: EVICTED once on every socket of the user', async () => {
    const rooms = [];
    for (let n = 0; n < 5; n += 1) rooms.push(await roomWithOwner());
    const [oldest, newest] = [rooms[0].roomId, rooms[4].roomId];
    const user = newUser();
    const sockets = await connectEverywhere(user);
    const inOldest = await Promise.all(sockets.map((socket) => socket.subscribe(roomTopic(oldest))));
    // One node after the other: the count is the user's, not the node's.
    for (const [n, { roomId }] of rooms.slice(0, 4).entries()) await sockets[n % sockets.length].join(roomId);
    assert.equal((await sockets[0].join(newest)).evictedRoomId, oldest);

    for (const socket of sockets) {
      const evicted = await socket.reply(({ type }) => type === 'EVICTED');
      assert.deepEqual(evicted, { type: 'EVICTED', roomId: oldest, byRoomId: newest });
    }
    await heardEverywhere([...rooms[0].lists, ...inOldest], exited(user));
    await rooms[0].sockets[1].say(oldest, 'without you');
    await heardEverywhere(rooms[0].lists, 'without you');
    for (const list of inOldest) assert.deepEqual(contents(list), []);
    for (const { replies } of sockets) assert.equal(replies.filter(({ type }) => type === 'EVICTED').length, 1);
    const newestFirst = rooms.slice(1).reverse().map(({ roomId }) => roomId);
    assert.deepEqual((await api.joined(user)).map(({ id }) => id), newestFirst);
  });

  it('what is sent at two nodes and over HTTP under one clientMessageId is one message everywhere', async () => {
    const { roomId, owner, sockets: [first, second], lists } = await roomWithOwner();
    const said = [];
    for (let n = 0; n < REPEATS; n += 1) {
      const [content, more] = [`once ${n}`, { clientMessageId: `c-${n}` }];
      const ids = await Promise.all([
        first.say(roomId, content, more),
        second.say(roomId, content, more),
        api.say(owner, roomId, content, more).then(({ id }) => id),
      ]);
      assert.deepEqual(new Set(ids).size, 1, `each is told the same id; there are ${ids}`);
      said.push(ids[0]);
    }
    assert.equal(new Set(said).size, REPEATS);
    await second.say(roomId, 'that was all');
    await heardEverywhere(lists, 'that was all');
    for (const list of lists) {
      assert.deepEqual(list.map(({ body }) => body.id).slice(0, REPEATS), said);
      assert.equal(list.length, REPEATS + 1);
    }
    await becomes(() => api.history(owner, roomId), lists[0].map(({ body }) => body), 'history');
  });

  it('who is cut off at one node goes on at the next, while others talk: everything once and in order', async () => {
    const { roomId, owner, sockets: talkers, lists } = await roomWithOwner();
    const user = newUser();
    let listener = await connect(user);
    const arrived = await listener.subscribe(roomTopic(roomId));
    await listener.join(roomId);

    let isOver = false;
    const talk = async (talker, n) => {
      for (let k = 0; !isOver; k += 1) await talker.say(roomId, `node ${n}: ${k}`);
    };
    const talking = Promise.all(talkers.map(talk));
    // Awaited at the end; a failure until then must not end the whole run.
    talking.catch(() => {});
    try {
      for (let cut = 0; cut < CUTS; cut += 1) {
        const hadHeard = arrived.length;
        await until(() => arrived.length >= hadHeard + HEARD_PER_CUT, 'the talk is heard');
        const { webSocket } = listener;
        await listener.cutOff();
        const since = arrived.at(-1).body.id;
        listener = await connect(user, server.webSocketAfter(webSocket));
        await listener.subscribeInto(arrived, roomTopic(roomId), { since });
      }
    } finally {
      isOver = true;
      await talking;
    }
    await talkers[0].say(roomId, 'that was all');
    await heard(arrived, 'that was all');
    await heardEverywhere(lists, 'that was all');
    const whole = lists[0].map(({ body }) => body);
    assert.ok(whole.length > CUTS * HEARD_PER_CUT);
    for (const list of lists.slice(1)) assert.deepEqual(list.map(({ body }) => body), whole, 'at every node');
    const start = whole.findIndex(({ id }) => id === arrived[0].body.id);
    assert.deepEqual(arrived.map(({ body }) => body), whole.slice(start), 'for who went from node to node');
    await becomes(() => api.history(owner, roomId), whole, 'history');
  });

  // The last: it leaves one node less.
  it('who was at a node that is killed is off, told once by the others, and on again at another', async () => {
    const { roomId, owner, sockets } = await roomWithOwner();
    const lost = server.webSockets.at(-1);
    const left = sockets.filter(({ webSocket }) => webSocket !== lost);
    const changes = await Promise.all(left.map((socket) => socket.subscribe(presenceTopic(roomId))));
    const user = newUser();
    const chatter = await connect(user, lost);
    await chatter.join(roomId);
    const told = (list) => list.map(({ body }) => `${body.uid} ${body.presence}`);
    const toldEverywhere = async (...wanted) => {
      const changed = wanted.map((presence) => `${user.uid} ${presence}`);
      for (const list of changes) await becomes(() => told(list), changed, 'what presence subscribers are told');
    };
    await toldEverywhere('on');

    await server.kill(lost);
    await toldEverywhere('on', 'off');
    await becomes(() => api.presence(owner, roomId, 'off'), [user.uid], 'who is off');
    assert.deepEqual(await api.presence(owner, roomId, 'on'), [owner.uid], 'who is on by another node stays on');

    await until(() => chatter.connections > 1, 'the client is back');
    assert.notEqual(chatter.webSocket, lost);
    await chatter.join(roomId);
    await toldEverywhere('on', 'off', 'on');
    await chatter.say(roomId, 'back at another node');
  });
});

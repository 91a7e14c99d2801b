// The client module over npm's stock client: what it adds to that is what is tried here, also while the server is killed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { OutcomeUnknown, Refused } from '../../../socket-node/client/roomtone.js';
import { Api, newUser } from '../stompjs/api.mjs';
import { Server } from '../stompjs/server.mjs';
import { until } from '../stompjs/until.mjs';
import { Heard, online } from './peer.mjs';

const LINES = 40;

describe('the client module', { timeout: 300_000 }, () => {
  let server;
  let api;
  let roomId;
  const links = [];

  const link = async (user) => {
    links.push(await online(server, api, user));
    return links.at(-1);
  };

  before(async () => {
    server = await Server.start();
    api = new Api(server);
    roomId = (await api.createRoom(newUser('Sky'))).id;
  });

  after(async () => {
    await Promise.all(links.map((each) => each.stop()));
    await server?.stop();
  });

  it('has types that hold', () => {
    const folder = fileURLToPath(new URL('.', import.meta.url));
    const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
    execFileSync(process.execPath, [tsc, '--project', folder], { stdio: 'pipe', encoding: 'utf8' });
  });

  it('joins, says and hears, and knows the server’s clock', async () => {
    const reader = newUser('One');
    const [one, two] = [await link(reader), await link(newUser('Two'))];
    const [first, second] = [new Heard(), new Heard()];
    const [room, other] = [one.room(roomId, first), two.room(roomId, second)];
    const joined = await room.join();
    assert.equal(joined.room.id, roomId);
    await other.join();
    const id = await room.say('안녕하세요');
    await second.until('안녕하세요');
    assert.equal(second.messages.at(-1).id, id);
    assert.equal(other.lastId, id);
    // One machine, one clock.
    assert.ok(Math.abs(one.offsetMs) < 2_000, `${one.offsetMs} ms`);
    await other.presence('off');
    await until(() => first.presence.some(({ presence }) => presence === 'off'), 'the switch is seen');
    await other.presence('on');
    await room.read(id);
    const mark = async () => (await api.joinedRoom(reader, roomId)).lastReadMessageId;
    await until(async () => (await mark()) === id, 'the mark is moved');
  });

  it('a SEND against a rule is an error that says which', async () => {
    const stranger = await link(newUser('Stranger'));
    const room = stranger.room(roomId, new Heard());
    await assert.rejects(room.say('let me in'), (refused) => refused instanceof Refused && refused.status === 403);
    room.close();
    await assert.rejects(stranger.send('/chat/pub/nothing', { roomId }), ({ status }) => status === 404);
  });

  it('what is too long is refused before it could end the connection, and what ends each is given up', async () => {
    const greedy = await link(newUser('Greedy'));
    const heard = new Heard();
    const room = greedy.room(roomId, heard);
    await room.join();
    await room.say('😀'.repeat(2_000));
    await assert.rejects(room.say('x'.repeat(2_001)), (refused) => refused instanceof Refused && refused.status === 422);
    assert.equal(greedy.state, 'online');
    const errors = [];
    greedy.onError = ({ message }) => errors.push(message);
    const tooLarge = { roomId, content: 'y'.repeat(70_000), clientMessageId: 'too-large' };
    const given = [greedy.send('/chat/pub/send', tooLarge, true), room.say('behind it')];
    await assert.rejects(given[0], OutcomeUnknown);
    assert.deepEqual(errors, Array(3).fill('frame too large'));
    await given[1];
    await heard.until('behind it');
    assert.equal(heard.texts.filter((text) => text === 'behind it').length, 1);
    assert.throws(() => greedy.room('another', { ...new Heard(), since: 'yesterday' }), TypeError);
  });

  it('who comes back with an id is given what came since, and nothing twice', async () => {
    const user = newUser('Back');
    const heard = new Heard();
    const before = await link(user);
    const room = before.room(roomId, heard);
    await room.join();
    await room.say('before');
    await heard.until('before');
    await before.stop();
    const talker = await link(newUser('Talker'));
    const talk = talker.room(roomId, new Heard());
    await talk.join();
    for (let n = 0; n < LINES; n += 1) await talk.say(`missed ${n}`);
    const again = await link(user);
    again.room(roomId, { ...heard, since: room.lastId, onMessage: heard.onMessage });
    await heard.until(`missed ${LINES - 1}`);
    assert.deepEqual(heard.texts.slice(heard.texts.indexOf('before') + 1), range(LINES).map((n) => `missed ${n}`));
    talk.close();
  });

  it('what is said while the server is killed is said once, in its order, and heard once', async () => {
    const [one, two] = [await link(newUser('Sayer')), await link(newUser('Hearer'))];
    const [own, heard] = [new Heard(), new Heard()];
    const [room, other] = [one.room(roomId, own), two.room(roomId, heard)];
    await room.join();
    await other.join();
    await room.say('now');
    await heard.until('now');
    const said = range(LINES).map((n) => room.say(`under fire ${n}`));
    await said[5];
    await Promise.all(server.webSockets.map((address) => server.kill(address)));
    await until(() => one.state !== 'online' && two.state !== 'online', 'the loss is noticed');
    said.push(room.say('said while nobody was there'));
    await server.start();
    const ids = await Promise.all(said);
    assert.equal(new Set(ids).size, LINES + 1);
    await heard.until('said while nobody was there');
    await own.until('said while nobody was there');
    const wanted = [...range(LINES).map((n) => `under fire ${n}`), 'said while nobody was there'];
    const since = ({ messages }) => messages.slice(messages.findIndex(({ content }) => content === 'now') + 1);
    for (const each of [own, heard]) {
      assert.deepEqual(each.gaps, []);
      assert.deepEqual(since(each).map(({ content }) => content), wanted, 'each once, as they were said');
    }
    assert.deepEqual(since(own), since(heard), 'one order');
  });

  it('who left is not brought back by a reconnect, and hears again once they join', async () => {
    const [one, two] = [await link(newUser('Leaver')), await link(newUser('Stayer'))];
    const heard = new Heard();
    const [room, other] = [one.room(roomId, heard), two.room(roomId, new Heard())];
    await room.join();
    await other.join();
    await room.leave();
    await Promise.all(server.webSockets.map((address) => server.kill(address)));
    await until(() => one.state !== 'online' && two.state !== 'online', 'the loss is noticed');
    await server.start();
    await other.say('without you');
    await until(() => one.state === 'online', 'the link is back');
    assert.ok(!heard.texts.includes('without you'));
    await room.join();
    await heard.until('without you');
    await other.say('with you');
    await heard.until('with you');
  });

  it('a room that heard nothing yet is told that it may have missed something', async () => {
    const reader = newUser('Early');
    const first = await link(reader);
    const before = first.room(roomId, new Heard());
    await before.join();
    await first.stop();
    // Back as a member: no ENTER, and nothing else that has an id.
    const again = await link(reader);
    const heard = new Heard();
    again.room(roomId, heard);
    await Promise.all(server.webSockets.map((address) => server.kill(address)));
    await until(() => again.state !== 'online', 'the loss is noticed');
    await server.start();
    await until(() => heard.gaps.length > 0, 'the hole is told of');
    assert.deepEqual([heard.gaps[0].after, heard.gaps[0].before], [null, null]);
  });

  it('nothing waits for ever on a link that is stopped, or on a token that fails', async () => {
    const gone = await link(newUser('Gone'));
    const room = gone.room(roomId, new Heard());
    await gone.stop();
    await assert.rejects(room.say('too late'), OutcomeUnknown);
    await assert.rejects(room.join(), OutcomeUnknown);
    let asked = 0;
    const flaky = newUser('Flaky');
    const token = () => {
      asked += 1;
      if (asked === 1) throw new Error('no token yet');
      return api.token(flaky);
    };
    links.push(await online(server, api, flaky, token));
    assert.ok(asked > 1);
  });

  it('who stops and starts in a pause is online at once, and nothing of before comes in between', async () => {
    const user = newUser('Restless');
    let asked = 0;
    const token = () => {
      asked += 1;
      return api.token(user);
    };
    links.push(await online(server, api, user, token));
    const restless = links.at(-1);
    const room = restless.room(roomId, new Heard());
    await room.join();
    await Promise.all(server.webSockets.map((address) => server.kill(address)));
    await until(() => restless.state === 'waiting', 'the loss is noticed');
    await server.start();
    await restless.stop();
    const before = asked;
    restless.start();
    await until(() => restless.state === 'online', 'it is online');
    await room.say('at once');
    // Longer than the pause that it was in, half as long again as a second at most.
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    assert.deepEqual([restless.state, asked - before], ['online', 1]);
    await room.say('and still');
  });

  it('an id of another log is told by a gap, and what is said then is heard', async () => {
    const link1 = await link(newUser('Elsewhere'));
    const heard = new Heard();
    const far = 'ffff'.padEnd(22, '0');
    const room = link1.room(roomId, { ...heard, since: far, onMessage: heard.onMessage, onGap: heard.onGap });
    await room.join();
    await room.say('after the gap');
    await heard.until('after the gap');
    assert.equal(heard.gaps[0].after, far);
  });
});

const range = (count) => [...Array(count).keys()];

// Two windows of the page, a desktop in English and a phone in Korean, and a script as the third in the room.
// One story, told in order: each step goes on where the one before it stopped.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Api } from '../clients/stompjs/api.mjs';
import { Chatter, roomTopic } from '../clients/stompjs/chatter.mjs';
import { Server } from '../clients/stompjs/server.mjs';
import { until } from '../clients/stompjs/until.mjs';
import { DESKTOP, PHONE, Window, launch } from './window.mjs';

const MISSED = ['하나', '둘', '셋', '넷', '다섯'];
const MANY = 90;
// A lost network is found out by silence: after twice the heart-beat.
const SILENCE_MS = 60_000;

describe('two windows chat on the page', { timeout: 600_000 }, () => {
  let server;
  let browser;
  let api;
  let sky; // the desktop window
  let sea; // the phone
  let script;
  let roomId;

  before(async () => {
    server = await Server.start();
    api = new Api(server);
    browser = await launch();
    sky = await Window.open(browser, server, 'desktop', { look: DESKTOP, locale: 'en-US' });
    sea = await Window.open(browser, server, 'phone', { look: PHONE, locale: 'ko-KR' });
  });

  after(async () => {
    await script?.disconnect();
    await browser?.close();
    await server?.stop();
  });

  it('both sign in with a nickname', async () => {
    for (const window of [sky, sea]) await window.fits('signin');
    await sky.signIn('Sky');
    await sea.signIn('바다');
    assert.notEqual(sky.user.uid, sea.user.uid);
    for (const window of [sky, sea]) await window.fits('no-rooms');
  });

  it('one starts a room from a sample playlist of real songs', async () => {
    await sky.at('start-room').click();
    await sky.at('playlist-option').first().waitFor();
    await sky.fits('start-dialog');
    await sky.page.keyboard.press('Escape');
    roomId = await sky.startRoom();
    const [card] = await api.joined(sky.user);
    assert.equal(card.id, roomId);
    assert.equal(await sky.at('room-name').textContent(), card.roomName);
  });

  it('the track that plays is marked, is the server’s, and its position moves', async () => {
    await sky.openPanel('tracks');
    const marked = sky.page.locator('[data-testid="track"][aria-current="true"]');
    const { playlist } = await api.joinedRoom(sky.user, roomId);
    assert.equal(await sky.at('track').count(), playlist.musics.length);
    // The track may change between the two questions; then they are asked again.
    await until(async () => {
      const { nowPlaying } = await api.joinedRoom(sky.user, roomId);
      return (await marked.count()) === 1 && Number(await marked.getAttribute('data-index')) === nowPlaying.index;
    }, 'the marked track is the one the server plays');
    const first = await sky.at('track-position').textContent();
    await until(async () => (await sky.at('track-position').textContent()) !== first, 'the position moves');
    await sky.fits('tracks');
  });

  it('the other finds the room and enters, and is seen entering', async () => {
    await sea.row('room-item', roomId).waitFor();
    await sea.fits('rooms');
    await sea.openRoom('room-item', roomId);
    await sky.notice('ENTER', sea.user.uid).waitFor();
    assert.equal(await sky.notice('ENTER', sea.user.uid).count(), 1);
    await sky.openPanel('members');
    await sky.member(sea.user.uid, 'on').waitFor();
    await sky.fits('members');
  });

  it('both talk and see each other’s words once', async () => {
    await sky.write('Hello from the desk');
    await sea.reads('Hello from the desk');
    await sky.reads('Hello from the desk');
    await sea.write('안녕하세요 🎵', 'button');
    await sky.reads('안녕하세요 🎵');
    await sea.reads('안녕하세요 🎵');
    await sky.write('<b onclick="x()">not bold</b> & https://example.com/a?b=c');
    await sea.reads('<b onclick="x()">not bold</b> & https://example.com/a?b=c');
    assert.equal(await sea.page.locator('#log b[onclick]').count(), 0, 'words are words');
    assert.deepEqual(await sky.ids(), await sea.ids(), 'in one order');
    for (const window of [sky, sea]) await window.fits('chat');
  });

  it('a word as long as the screen is wide breaks instead of sticking out', async () => {
    await sky.write('a'.repeat(300));
    await sea.reads('a'.repeat(300));
    for (const window of [sky, sea]) await window.fits('long-word');
  });

  it('a profile card tells who somebody is', async () => {
    await sky.member(sea.user.uid, 'on').click();
    await sky.at('profile-card').waitFor();
    assert.equal(await sky.at('profile-name').textContent(), '바다');
    assert.equal(await sky.at('profile-uid').textContent(), sea.user.uid);
    await sky.fits('profile');
    await sky.page.keyboard.press('Escape');
    await sky.at('profile-card').waitFor({ state: 'hidden' });
  });

  it('who switches off is seen off and cannot write, until switched on', async () => {
    await sea.openPanel('members');
    await sea.fits('members');
    await sea.at('presence-switch').click();
    await sky.member(sea.user.uid, 'off').waitFor();
    await sea.closePanel();
    assert.equal(await sea.at('message-input').isDisabled(), true);
    await sea.fits('switched-off');
    await sea.at('switch-on').click();
    await sky.member(sea.user.uid, 'on').waitFor();
    await sea.isReady();
  });

  it('after a network that was lost, what was missed comes once', async () => {
    const shown = await sea.ids();
    sea.outage = true;
    await sea.context.setOffline(true);
    for (const words of ['while you', 'were gone', '세 번째']) await sky.write(words);
    await sky.reads('세 번째');
    await sea.banner('lost').waitFor({ timeout: SILENCE_MS });
    await sea.fits('lost');
    await sea.context.setOffline(false);
    for (const words of ['while you', 'were gone', '세 번째']) await sea.reads(words);
    sea.outage = false;
    assert.deepEqual(await sea.ids(), await sky.ids());
    assert.equal((await sea.ids()).length, shown.length + 3);
    await sky.member(sea.user.uid, 'on').waitFor();
    await sea.write('다시 왔어요');
    await sky.reads('다시 왔어요');
  });

  it('after kill -9 and a restart, what was written meanwhile is sent once', async () => {
    for (const window of [sky, sea]) window.outage = true;
    await server.kill();
    for (const window of [sky, sea]) await window.banner('lost').waitFor();
    await sky.write('written into the dark');
    await sky.page.locator('[data-testid="message"][data-state="pending"]').waitFor();
    await sky.fits('pending');
    await server.start();
    await sea.reads('written into the dark');
    await sky.reads('written into the dark');
    for (const window of [sky, sea]) await window.banner('lost').waitFor({ state: 'detached' });
    for (const window of [sky, sea]) window.outage = false;
    assert.deepEqual(await sea.ids(), await sky.ids());
    await sea.write('둘 다 돌아왔네요');
    await sky.reads('둘 다 돌아왔네요');
    await sky.member(sea.user.uid, 'on').waitFor();
  });

  it('a script joins as a third, and is heard like anybody', async () => {
    script = await Chatter.connect(server, api, { uid: 'script-1', nickname: '하늘' });
    await script.subscribe(roomTopic(roomId));
    await script.join(roomId);
    for (const window of [sky, sea]) await window.notice('ENTER', 'script-1').waitFor();
    await script.say(roomId, 'hello from a script');
    for (const window of [sky, sea]) await window.reads('hello from a script');
  });

  it('who leaves for now finds five unread, where reading stopped', async () => {
    await sea.at('leave').click();
    await sea.row('my-room-item', roomId).waitFor();
    await sky.member(sea.user.uid, 'off').waitFor();
    for (const words of MISSED) await script.say(roomId, words);
    const row = sea.row('my-room-item', roomId);
    await row.getByTestId('unread-badge').filter({ hasText: '5' }).waitFor();
    await row.getByTestId('last-message').filter({ hasText: MISSED.at(-1) }).waitFor();
    assert.equal((await api.joinedRoom(sea.user, roomId)).unreadCount, 5);
    await sea.fits('unread');
    await sea.openRoom('my-room-item', roomId);
    await sea.at('unread-divider').waitFor();
    for (const words of MISSED) await sea.reads(words);
    assert.equal(await sea.page.evaluate(followingDivider), MISSED[0]);
    assert.equal(await sky.notice('ENTER', sea.user.uid).count(), 1, 'coming back is no entering');
    await sea.fits('missed');
  });

  it('scrolling back brings the whole history, in its order', async () => {
    for (let n = 0; n < MANY; n += 1) await script.say(roomId, `line ${n} of many`);
    await sea.reads(`line ${MANY - 1} of many`);
    await sea.page.reload();
    await sea.isReady();
    await sea.reads(`line ${MANY - 1} of many`);
    const history = await api.history(sea.user, roomId);
    const talk = history.filter(({ messageType }) => messageType === 'TALK').map(({ id }) => id);
    assert.ok((await sea.ids()).length < talk.length, 'not all is loaded at once');
    await until(async () => {
      await sea.page.locator('#log').evaluate((log) => { log.scrollTop = 0; });
      return (await sea.ids())[0] === talk[0];
    }, 'the first message is reached');
    assert.deepEqual(await sea.ids(), talk);
    await sea.fits('history');
  });

  it('the page speaks English and Korean', async () => {
    assert.equal(await sky.page.locator('html').getAttribute('lang'), 'en');
    assert.equal(await sea.page.locator('html').getAttribute('lang'), 'ko');
    const english = await sky.at('leave').getAttribute('aria-label');
    await sky.at('lang').click();
    assert.equal(await sky.page.locator('html').getAttribute('lang'), 'ko');
    assert.equal(await sky.at('leave').getAttribute('aria-label'), await sea.at('leave').getAttribute('aria-label'));
    await sky.fits('korean');
    await sky.at('lang').click();
    assert.equal(await sky.at('leave').getAttribute('aria-label'), english);
    assert.notEqual(english, await sea.at('leave').getAttribute('aria-label'));
  });

  it('who exits is gone for everybody, and from their own list', async () => {
    await sea.at('exit').click();
    await sea.at('exit-confirm').waitFor();
    await sea.fits('exit-dialog');
    await sea.at('exit-cancel').click();
    await sea.at('exit').click();
    await sea.at('exit-confirm').click();
    await sky.notice('EXIT', sea.user.uid).waitFor();
    await sky.page.locator(`[data-testid="member"][data-uid="${sea.user.uid}"]`).waitFor({ state: 'detached' });
    await sea.row('room-item', roomId).waitFor();
    assert.equal(await sea.row('my-room-item', roomId).count(), 0);
    assert.deepEqual(await api.joined(sea.user), []);
    await sea.fits('after-exit');
  });

  it('nothing was written on the console, and nobody but the server was asked', () => {
    assert.deepEqual({ sky: sky.faults, sea: sea.faults }, { sky: [], sea: [] });
  });
});

/** In the page: the words of the first message after the divider of what is unread. */
function followingDivider() {
  let node = document.querySelector('[data-testid="unread-divider"]');
  while (node && node.dataset.testid !== 'message') node = node.nextElementSibling;
  return node?.querySelector('.bubble').textContent;
}

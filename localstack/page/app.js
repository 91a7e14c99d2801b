// The page's beginning: sign-in, which room is open (by the address's #), and who hears of what.
//
// data-testid, stable for browser tests:
//   sign-in screen   nickname, sign-in, lang
//   rooms            start-room (opens the dialog), playlist-option (starts the room; data-playlist), my-rooms, open-rooms,
//                    room-item (data-room-id), my-room-item (data-room-id), unread-badge, last-message, member-count,
//                    my-nickname, new-user
//   room             room-name, room-count, leave, exit, exit-confirm, exit-cancel, tracks-button, members-button
//   messages         message (data-id, data-sender, data-state: sent, pending, failed), notice (ENTER and EXIT:
//                    data-id, data-sender, data-type), unread-divider, gap, gap-load, retry, discard,
//                    message-input, send, switch-on
//   panel            track (aria-current="true" on the playing one), track-list, track-title, track-position, now-playing,
//                    member (data-uid, data-presence), on-count, presence-switch
//   over all         profile-card, profile-name, profile-uid, follow-link, toast, banner (data-state: lost, restored)
import { closeDrawer, initPanel, setPanelRoom } from './panel.js';
import { forgetDrafts, initComposer } from './composer.js';
import { askExit, askPlaylist, initDialogs } from './dialogs.js';
import { byId, fillIcons, h, icon } from './dom.js';
import { onLanguage, t, toggleLanguage, translatePage } from './i18n.js';
import { live } from './live.js';
import { raise, toast, toastProblem } from './notices.js';
import { forgetOutboxes } from './outbox.js';
import { avatar } from './picture.js';
import { redrawPlayer } from './player.js';
import { Room } from './room.js';
import { drawLists, initLists, isMember, nameOfRoom, noteTalk, refreshLists, setCurrentRoom, startLists, stopLists } from './rooms.js';
import { initSignIn } from './signin.js';
import { me, signOut } from './session.js';

let room = null;
let unseen = 0;

function begin() {
  fillIcons();
  raise();
  initPanel();
  initComposer();
  initDialogs();
  initLists();
  initSignIn(enterStage);
  for (const button of document.querySelectorAll('[data-lang-toggle]')) button.addEventListener('click', toggleLanguage);
  byId('start-room').addEventListener('click', () => askPlaylist(roomStarted));
  byId('leave').addEventListener('click', () => go(null));
  byId('switch-on').addEventListener('click', () => room?.setPresence('on'));
  byId('exit').addEventListener('click', () => room?.data && askExit(room.data.roomName, exitRoom));
  addEventListener('hashchange', showAddressed);
  document.addEventListener('visibilitychange', seen);
  live.addEventListener('reply', ({ detail }) => replied(detail));
  onLanguage(redraw);
  translatePage();
  if (me()) enterStage();
  else showView('signin');
}

// ---- views ----

function showView(view) {
  document.body.dataset.view = view;
  byId('signin').hidden = view !== 'signin';
  byId('stage').hidden = view === 'signin';
  byId('room').hidden = view !== 'room';
  byId('nowhere').hidden = view === 'room';
  setPanelRoom(view === 'room');
  // Two buttons change the language, one on each screen; only the one that is seen carries the name.
  for (const button of document.querySelectorAll('[data-lang-toggle]')) {
    if (button.closest('[hidden]')) delete button.dataset.testid;
    else button.dataset.testid = 'lang';
  }
}

function enterStage() {
  showView('rooms');
  drawMe();
  live.start();
  startLists(go);
  showAddressed();
}

function anotherUser() {
  leaveRoom();
  live.stop();
  stopLists();
  forgetOutboxes();
  forgetDrafts();
  signOut();
  history.replaceState(null, '', '#/');
  showView('signin');
  byId('nickname').focus();
}

function drawMe() {
  const { uid, nickname, picture } = me();
  byId('me').replaceChildren(
    avatar({ uid, nickName: nickname, profileImage: picture }),
    h('span', { class: 'me-text' }, h('strong', { 'data-testid': 'my-nickname' }, nickname), h('span', { 'data-testid': 'my-uid' }, uid)),
    h('button', { type: 'button', class: 'button small', 'data-testid': 'new-user', title: t('newUser'), onclick: anotherUser }, icon('swap'), h('span', { class: 'button-words' }, t('newUser'))));
}

function redraw() {
  if (!me()) return;
  drawMe();
  drawLists();
  redrawPlayer();
  room?.redraw();
}

// ---- rooms ----

/** Goes to a room, or with null to the lists. The address says where one is, so that "back" works. */
function go(roomId) {
  location.hash = roomId ? `#/room/${encodeURIComponent(roomId)}` : '#/';
}

async function showAddressed() {
  if (!me()) return;
  const addressed = /^#\/room\/(.+)$/.exec(location.hash)?.[1];
  const roomId = addressed ? decodeURIComponent(addressed) : null;
  if (roomId === (room?.id ?? null)) return;
  leaveRoom();
  setCurrentRoom(roomId);
  showView(roomId ? 'room' : 'rooms');
  if (roomId) await openRoom(roomId);
}

async function openRoom(roomId) {
  byId('room-name').textContent = nameOfRoom(roomId);
  byId('room-count').textContent = '';
  byId('now-playing').replaceChildren();
  byId('pane-tracks').replaceChildren();
  const opened = new Room(roomId, {
    onEntered: refreshLists,
    onLeft: refreshLists,
    onTalk: talked,
    onGone: () => room === opened && (opened.close(), closeRoom()),
  });
  room = opened;
  await opened.open(await memberOf(roomId));
  if (room === opened) seen();
}

// When the server can't be asked the room is opened as a member would: entering tries until it can.
const memberOf = (roomId) => isMember(roomId).catch(() => true);

function leaveRoom() {
  room?.leave();
  room = null;
  seen();
}

/** Closes the screen of a room whose membership is over. */
function closeRoom() {
  room = null;
  go(null);
  setCurrentRoom(null);
  showView('rooms');
  closeDrawer();
  refreshLists();
  seen();
}

async function exitRoom() {
  const left = room;
  try {
    await left.exit();
  } catch (problem) {
    return toastProblem(problem);
  }
  toast(t('exitDone', { room: left.data.roomName }));
  left.close();
  return closeRoom();
}

function roomStarted(started) {
  if (started.evictedRoomId) evicted(started.evictedRoomId);
  refreshLists();
  go(started.id);
}

// ---- what is heard ----

const evictionsTold = new Set();

/** The server tells an eviction on every socket, and the answer to a create tells it too: once is enough. */
function evicted(roomId) {
  if (evictionsTold.has(roomId)) return;
  evictionsTold.add(roomId);
  setTimeout(() => evictionsTold.delete(roomId), 3000);
  toast(t('evicted', { room: nameOfRoom(roomId) }));
  if (room?.id === roomId) {
    room.close();
    closeRoom();
  } else refreshLists();
}

function replied(reply) {
  if (reply.type === 'EVICTED') evicted(reply.roomId);
  if (reply.type === 'REFUSED') toastProblem({ status: reply.status, message: reply.detail || reply.title });
}

function talked(message) {
  noteTalk(message);
  if (!document.hidden) return;
  unseen++;
  drawTitle();
}

function seen() {
  if (document.hidden) return;
  unseen = 0;
  drawTitle();
}

function drawTitle() {
  document.title = [unseen > 0 && `(${unseen})`, room?.data?.roomName, 'Roomtone'].filter(Boolean).join(' · ');
}

begin();

// The lists: my rooms with unread counts, and live rooms I can join, page by page. Kept fresh while seen.
import * as api from './api.js';
import { byId, h } from './dom.js';
import { t } from './i18n.js';
import { live } from './live.js';
import { toastProblem } from './notices.js';
import { cover } from './picture.js';
import { playingIn } from './player.js';
import { me } from './session.js';
import { recently } from './time.js';

const POLL_MS = 3000;
const PAGE_SIZE = 12;
const ROOMS_MAX = 4;
// The server counts no further.
const UNREAD_MAX = 300;

let open = () => {};
let joined = null;
let unjoined = null;
let cursor = null;
let currentId = null;
let loadingMore = false;
let timer = 0;
let drawTimer = 0;

/** Begins to keep the lists; `onOpen(roomId)` when one is chosen. */
export function startLists(onOpen) {
  open = onOpen;
  [joined, unjoined, cursor] = [null, null, null];
  drawLists();
  poll();
}

export function stopLists() {
  clearTimeout(timer);
  [joined, unjoined, cursor, currentId] = [null, null, null, null];
}

export function initLists() {
  const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && loadMore(), { root: byId('rooms-scroll'), rootMargin: '300px' });
  observer.observe(byId('unjoined-end'));
  document.addEventListener('visibilitychange', () => !document.hidden && refreshLists());
}

/** Marks the room that is open, or none. */
export function setCurrentRoom(roomId) {
  currentId = roomId;
  drawLists();
}

export const nameOfRoom = (roomId) => [...(joined ?? []), ...(unjoined ?? [])].find((room) => room.id === roomId)?.roomName ?? t('someRoom');

/** Whether this user is a member there, as the server knows it now. */
export async function isMember(roomId) {
  joined = await api.joinedRooms();
  drawLists();
  return joined.some((room) => room.id === roomId);
}

/** A TALK that came in the open room: its preview needs no question to the server. */
export function noteTalk(message) {
  const room = joined?.find(({ id }) => id === message.roomId);
  if (!room) return;
  room.lastMessage = message;
  drawListsSoon();
}

// Once for a burst of messages.
function drawListsSoon() {
  drawTimer ||= setTimeout(() => {
    drawTimer = 0;
    drawLists();
  }, 150);
}

/** Reads both lists anew. */
export async function refreshLists() {
  if (!me()) return;
  try {
    joined = await api.joinedRooms();
    await reloadUnjoined();
    drawLists();
  } catch (problem) {
    if (problem.status) toastProblem(problem);
  }
}

function poll() {
  clearTimeout(timer);
  timer = setTimeout(poll, POLL_MS);
  if (document.hidden || !me() || live.status === 'waiting') return;
  (async () => {
    joined = await api.joinedRooms();
    await reloadUnjoined();
    drawLists();
    // A failure here is the banner's affair, and the next round tries again.
  })().catch(() => {});
}

// As many as were loaded before are read again, so that the list neither jumps nor shows what is gone.
async function reloadUnjoined() {
  const wanted = Math.max(PAGE_SIZE, unjoined?.length ?? 0);
  const rooms = [];
  let next = null;
  do {
    const page = await api.unjoinedRooms(next, PAGE_SIZE);
    rooms.push(...page.rooms);
    next = page.nextCursor;
  } while (next && rooms.length < wanted);
  if (loadingMore) return;
  [unjoined, cursor] = [rooms, next];
}

async function loadMore() {
  if (!cursor || loadingMore) return;
  loadingMore = true;
  try {
    const page = await api.unjoinedRooms(cursor, PAGE_SIZE);
    const known = new Set(unjoined.map((room) => room.id));
    unjoined.push(...page.rooms.filter((room) => !known.has(room.id)));
    cursor = page.nextCursor;
    drawLists();
  } catch (problem) {
    toastProblem(problem);
  } finally {
    loadingMore = false;
  }
}

export function drawLists() {
  const mine = new Set((joined ?? []).map((room) => room.id));
  drawList(byId('joined'), joined, joinedRow, 'noJoined');
  drawList(byId('unjoined'), unjoined?.filter((room) => !mine.has(room.id)), unjoinedRow, 'noUnjoined');
  byId('joined-count').textContent = joined ? `${joined.length}/${ROOMS_MAX}` : '';
  byId('joined-hint').textContent = joined?.length >= ROOMS_MAX ? t('fourHint') : '';
}

// Rows that look the same are left alone, so that focus and hover survive the polling.
function drawList(list, rooms, row, emptyKey) {
  if (!rooms) return list.replaceChildren(...Array.from({ length: 3 }, () => h('li', { class: 'room-skeleton', 'aria-hidden': 'true' })));
  const wanted = rooms.length ? rooms.map(row) : [h('li', { class: 'empty' }, t(emptyKey))];
  const same = wanted.length === list.children.length && wanted.every((node, index) => node.isEqualNode(list.children[index]));
  if (same) return undefined;
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.roomId : null;
  list.replaceChildren(...wanted);
  if (focused) list.querySelector(`[data-room-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  return undefined;
}

function joinedRow(room) {
  const { id, lastMessage } = room;
  const unread = id === currentId ? 0 : room.unreadCount;
  const preview = lastMessage ? lastMessage.content : t('noMessage');
  return h('li', {},
    h('button', { type: 'button', class: 'room-row', 'data-testid': 'my-room-item', 'data-room-id': id, 'aria-current': id === currentId ? 'true' : null, onclick: () => open(id) },
      cover(room.thumbnail),
      h('span', { class: 'row-text' },
        nameLine(room),
        h('span', { class: 'row-preview', 'data-testid': 'last-message' }, preview)),
      h('span', { class: 'row-side' },
        h('time', { datetime: lastMessage?.createdAt ?? room.createdAt }, recently(lastMessage?.createdAt ?? room.createdAt)),
        unread > 0 && badge(unread))));
}

function badge(unread) {
  const words = unread >= UNREAD_MAX ? `${UNREAD_MAX}+` : String(unread);
  return h('span', { class: 'badge', 'data-testid': 'unread-badge' }, h('span', { 'aria-hidden': 'true' }, words), h('span', { class: 'visually-hidden' }, t('unreadLabel', { n: words })));
}

function unjoinedRow(room) {
  const { music } = playingIn(room);
  return h('li', {},
    h('button', { type: 'button', class: 'room-row', 'data-testid': 'room-item', 'data-room-id': room.id, 'aria-current': room.id === currentId ? 'true' : null, onclick: () => open(room.id) },
      cover(room.thumbnail),
      h('span', { class: 'row-text' },
        nameLine(room),
        h('span', { class: 'row-preview' }, t('hostedBy', { name: room.owner.nickName })),
        h('span', { class: 'row-music' }, `♪ ${music.title} – ${music.artist}`))));
}

function nameLine(room) {
  return h('span', { class: 'row-name' },
    h('strong', {}, room.roomName),
    h('span', { class: 'row-count', 'data-testid': 'member-count' }, h('span', { 'aria-hidden': 'true' }, String(room.userCount)), h('span', { class: 'visually-hidden' }, t('peopleLabel', { n: room.userCount }))));
}

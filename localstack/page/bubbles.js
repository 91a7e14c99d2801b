// One item of the log as an element: bubbles, notices, dividers. It draws what it is given and keeps nothing.
import { h, icon } from './dom.js';
import { t } from './i18n.js';
import { avatar, cover } from './picture.js';
import { day, moment, timeOfDay } from './time.js';

const NOTICES = { ENTER: 'entered', EXIT: 'exited' };

/** What an item looks like in one string: the same string, the same look. */
export function look(item) {
  const { kind, message, mine, first, last, entry, room } = item;
  return [kind, message?.id, mine, first, last, entry?.state, room?.roomName].join('|');
}

/** `actions`: retry(entry), discard(entry), fill(gap), profile(user), trackOf(message). */
export function bubble(item, actions) {
  if (item.kind === 'message') return messageNode(item, actions);
  if (item.kind === 'notice') return noticeNode(item);
  if (item.kind === 'day') return h('div', { class: 'divider day' }, h('span', {}, day(item.at)));
  if (item.kind === 'unread') return h('div', { class: 'divider unread', 'data-testid': 'unread-divider' }, h('span', {}, t('unreadFrom')));
  if (item.kind === 'gap') return gapNode(item, actions);
  return startNode(item);
}

function startNode({ room }) {
  return h('div', { class: 'log-start' }, cover(room.thumbnail), h('strong', {}, room.roomName),
    h('span', {}, t('hostedBy', { name: room.owner.nickName }), ' · ', t('startedAt', { when: moment(room.createdAt) })),
    h('em', {}, t('roomBegins')));
}

function noticeNode({ message }) {
  const { id, senderId, messageType, nickName } = message;
  return h('div', { class: 'notice', 'data-testid': 'notice', 'data-id': id, 'data-sender': senderId, 'data-type': messageType },
    h('span', {}, t(NOTICES[messageType] ?? 'entered', { name: nickName })));
}

function gapNode({ gap }, actions) {
  const load = (event) => {
    event.currentTarget.disabled = true;
    actions.fill(gap);
  };
  return h('div', { class: 'divider gap', 'data-testid': 'gap' }, h('span', {}, t('gapText'),
    h('button', { type: 'button', class: 'text-button', 'data-testid': 'gap-load', onclick: load }, t('gapLoad'))));
}

function messageNode(item, actions) {
  const { message, mine, first, last, entry } = item;
  const state = entry?.state === 'sent' ? 'pending' : (entry?.state ?? 'sent');
  const classes = ['message', mine ? 'mine' : 'theirs', first && 'first', last && 'last', entry && `is-${entry.state}`];
  const person = { uid: message.senderId, nickName: message.nickName, profileImage: message.senderProfileImage };
  return h('div', {
    class: classes.filter(Boolean).join(' '),
    'data-testid': 'message', 'data-id': message.id ?? '', 'data-sender': message.senderId, 'data-state': state,
  },
    !mine && first && h('button', { type: 'button', class: 'avatar-button', 'aria-label': t('profileOf', { name: person.nickName }), onclick: () => actions.profile(person) }, avatar(person)),
    !mine && first && h('span', { class: 'sender' }, message.nickName),
    h('div', { class: 'line' },
      h('p', { class: 'bubble' }, linked(message.content)),
      h('span', { class: 'meta' }, entry ? stateNodes(entry, last, message, actions) : last && timeNode(message, actions))));
}

function timeNode(message, actions) {
  return h('time', { datetime: message.createdAt, title: actions.trackOf(message) }, timeOfDay(message.createdAt));
}

function stateNodes(entry, last, message, actions) {
  if (entry.state === 'sent') return last ? timeNode(message, actions) : null;
  if (entry.state === 'pending') return h('span', { class: 'sending', role: 'img', 'aria-label': t('sending'), title: t('sending') }, icon('clock'));
  return h('span', { class: 'failed' },
    h('span', { class: 'failed-why', title: entry.reason?.message ?? '' }, icon('alert'), t('failed')),
    h('button', { type: 'button', class: 'failed-button', 'data-testid': 'retry', 'aria-label': t('retry'), title: t('retry'), onclick: () => actions.retry(entry) }, icon('retry')),
    h('button', { type: 'button', class: 'failed-button', 'data-testid': 'discard', 'aria-label': t('discard'), title: t('discard'), onclick: () => actions.discard(entry) }, icon('close')));
}

// Web addresses become links; what follows a sentence's end stays outside of them.
function linked(text) {
  const parts = text.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}])/g);
  return parts.map((part, index) => (index % 2 ? h('a', { href: part, target: '_blank', rel: 'noopener noreferrer nofollow' }, part) : part));
}

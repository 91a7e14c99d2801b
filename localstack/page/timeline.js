// What a room's log holds here: messages in the one order of their ids, holes, and the unread mark; and how
// that is laid out as a list of items. Plain values, no DOM.
import { dayKey, minuteKey } from './time.js';

// Beyond this the oldest are let go while the reader is at the bottom; scrolling back loads them again.
const KEPT_MAX = 2000;
const KEPT_AFTER_TRIM = 1500;

export class Timeline {
  #messages = [];
  #byId = new Map();
  /** Holes: `{after, before}`, both message ids. */
  gaps = [];
  /** The id after which messages were unread when the room was entered. */
  unreadAfter = null;
  reachedStart = false;

  get firstId() {
    return this.#messages[0]?.id ?? null;
  }

  /** The newest id known; a resume begins after it. */
  get lastId() {
    return this.#messages.at(-1)?.id ?? null;
  }

  /** How far this member has read: the newest message, or the one before the first hole. */
  get readId() {
    return this.gaps[0]?.after ?? this.lastId;
  }

  get messages() {
    return this.#messages;
  }

  has(id) {
    return this.#byId.has(id);
  }

  /** Adds what is not there yet, in whatever order it comes. Ids compare as bytes, and they are ASCII. */
  add(messages) {
    const fresh = messages.filter((message) => !this.#byId.has(message.id));
    if (!fresh.length) return 0;
    const endsLater = fresh[0].id > (this.lastId ?? '');
    for (const message of fresh) this.#byId.set(message.id, message);
    this.#messages.push(...fresh);
    if (!endsLater || fresh.length > 1) this.#messages.sort((a, b) => (a.id < b.id ? -1 : 1));
    return fresh.length;
  }

  addGap({ after, before }) {
    if (this.gaps.some((gap) => gap.after === after)) return;
    this.gaps.push({ after, before });
    this.gaps.sort((a, b) => (a.after < b.after ? -1 : 1));
  }

  /** Fills a hole with a page that begins after its `after`; it closes when the page reaches its other side. */
  fillGap(gap, { messages, nextCursor }) {
    this.add(messages.filter(({ id }) => !gap.before || id < gap.before));
    const last = messages.at(-1)?.id;
    const whole = !nextCursor || !last || (gap.before && last >= gap.before);
    if (whole) this.gaps = this.gaps.filter((other) => other !== gap);
    else gap.after = last;
  }

  trim() {
    if (this.#messages.length <= KEPT_MAX) return;
    const dropped = this.#messages.splice(0, this.#messages.length - KEPT_AFTER_TRIM);
    for (const { id } of dropped) this.#byId.delete(id);
    this.gaps = this.gaps.filter((gap) => gap.after >= this.firstId);
    this.reachedStart = false;
  }
}

/**
 * The items of the log from top to bottom: `{key, kind, …}` with kind start, day, unread, gap, notice, message.
 * Messages of one sender within one minute form a group: `first` carries the name, `last` the time.
 */
export function layout(timeline, pending, myUid) {
  const items = [];
  if (timeline.reachedStart) items.push({ key: 'start', kind: 'start' });
  const gaps = [...timeline.gaps];
  let lastDay = null;
  let unreadShown = timeline.unreadAfter === null;
  for (const message of timeline.messages) {
    while (gaps.length && gaps[0].after < message.id) items.push(gapItem(gaps.shift()));
    const today = stampOf(message).day;
    if (today !== lastDay) items.push({ key: `day-${today}`, kind: 'day', at: message.createdAt });
    lastDay = today;
    if (!unreadShown && message.id > timeline.unreadAfter) {
      items.push({ key: 'unread', kind: 'unread' });
      unreadShown = true;
    }
    items.push(messageItem(message, myUid));
  }
  items.push(...gaps.map(gapItem));
  items.push(...pending.map((entry) => pendingItem(entry, myUid)));
  markGroups(items);
  return items;
}

// Reading a date costs more than all the rest of a layout, and a layout is made for every frame of a burst.
const stamps = new WeakMap();
function stampOf(message) {
  if (!stamps.has(message)) stamps.set(message, { day: dayKey(message.createdAt), minute: minuteKey(message.createdAt) });
  return stamps.get(message);
}

const gapItem = (gap) => ({ key: `gap-${gap.after}`, kind: 'gap', gap });

function messageItem(message, myUid) {
  const kind = message.messageType === 'TALK' ? 'message' : 'notice';
  return { key: message.id, kind, message, mine: message.senderId === myUid, minute: stampOf(message).minute };
}

function pendingItem(entry, myUid) {
  const message = { senderId: myUid, content: entry.content, createdAt: entry.createdAt, clientMessageId: entry.clientMessageId };
  return { key: `pending-${entry.clientMessageId}`, kind: 'message', message, mine: true, minute: minuteKey(entry.createdAt), entry };
}

function markGroups(items) {
  const joins = (a, b) =>
    a?.kind === 'message' && b?.kind === 'message' && a.message.senderId === b.message.senderId && a.minute === b.minute;
  items.forEach((item, index) => {
    if (item.kind !== 'message') return;
    item.first = !joins(items[index - 1], item);
    item.last = !joins(item, items[index + 1]);
  });
}

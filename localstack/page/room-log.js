// The log of the open room on screen: timeline, outbox and view held together, with history loaded as it is
// wanted. It does not know how a room is entered or left.
import * as api from './api.js';
import { bubble, look } from './bubbles.js';
import { LogView } from './log-view.js';
import { toastProblem } from './notices.js';
import { outboxOf } from './outbox.js';
import { me } from './session.js';
import { length } from './time.js';
import { layout, Timeline } from './timeline.js';

export class RoomLog {
  #roomId;
  #room = null;
  #timeline = new Timeline();
  #outbox;
  #view;
  #showProfile;
  #loadingOlder = false;
  #drawing = false;
  #closed = false;

  /** `showProfile(user)` opens the card of a message's sender. */
  constructor(roomId, showProfile) {
    this.#roomId = roomId;
    this.#showProfile = showProfile;
    this.#view = new LogView(() => this.#loadOlder());
    this.#view.quiet = true;
    this.#outbox = outboxOf(roomId);
    this.#outbox.attach(() => this.#drawSoon(), (messageId) => this.#timeline.has(messageId), toastProblem);
  }

  close() {
    this.#closed = true;
    this.#outbox.attach(() => {}, () => false, () => {});
    this.#view.close();
  }

  /** The Room, for its beginning and for the names of tracks. */
  set room(room) {
    this.#room = room;
  }

  get lastId() {
    return this.#timeline.lastId;
  }

  /** How far was read, holes considered. */
  get readId() {
    return this.#timeline.readId;
  }

  // ---- what comes in ----

  /** A message that came live. False if it was here already. */
  receive(message) {
    if (message.messageType === 'GAP') {
      this.#timeline.addGap(message);
      this.#drawSoon();
      return false;
    }
    if (!this.#add([message])) return false;
    if (message.messageType === 'TALK' && message.senderId !== me()?.uid) this.#view.arrived(1);
    return true;
  }

  /** What a member comes back to: messages up to the mark, and those after it. */
  async reenter({ beforeMessages, newMessages, truncated }) {
    this.#add([...beforeMessages, ...newMessages]);
    const missed = newMessages.some(({ messageType, senderId }) => messageType === 'TALK' && senderId !== me().uid);
    if (missed && beforeMessages.length) this.#timeline.unreadAfter = beforeMessages.at(-1).id;
    if (truncated) await this.#loadBeyond(newMessages.at(-1) ?? beforeMessages.at(-1));
  }

  // More is unread than one answer holds: the newest are shown, and a hole that can be filled.
  async #loadBeyond(last) {
    const { messages } = await api.historyBefore(this.#roomId, null);
    const oldest = messages.at(-1)?.id;
    this.#add(messages);
    if (oldest > last.id) this.#timeline.addGap({ after: last.id, before: oldest });
  }

  async loadNewest() {
    this.#addOlder(await api.historyBefore(this.#roomId, null));
  }

  /** Loads older messages until the screen is full, and shows where reading stopped. */
  async fillScreen() {
    this.#draw();
    while (!this.#closed && this.#view.hasRoom && !this.#timeline.reachedStart) {
      const before = this.#timeline.firstId;
      await this.#loadOlder();
      if (this.#timeline.firstId === before) break;
    }
    if (this.#closed) return;
    this.#draw();
    if (this.#timeline.unreadAfter) this.#view.toItem('unread');
    else this.#view.toBottom();
    this.#view.quiet = false;
  }

  #add(messages) {
    const count = this.#timeline.add(messages);
    this.#outbox.settle(messages);
    if (this.#view.atBottom) this.#timeline.trim();
    this.#drawSoon();
    return count;
  }

  async #loadOlder() {
    const { firstId, reachedStart } = this.#timeline;
    if (this.#loadingOlder || this.#closed || reachedStart || !firstId) return;
    this.#loadingOlder = true;
    const wasQuiet = this.#view.quiet;
    this.#view.quiet = true;
    try {
      this.#addOlder(await api.historyBefore(this.#roomId, firstId));
    } catch (problem) {
      // Without a connection the banner says enough.
      if (problem.status) toastProblem(problem);
    } finally {
      this.#loadingOlder = false;
      this.#view.quiet = wasQuiet;
    }
  }

  #addOlder({ messages, nextCursor }) {
    if (this.#closed) return;
    this.#timeline.add(messages);
    this.#outbox.settle(messages);
    if (nextCursor === null || !messages.length) this.#timeline.reachedStart = true;
    this.#draw();
  }

  async #fillGap(gap) {
    try {
      this.#timeline.fillGap(gap, await api.historyAfter(this.#roomId, gap.after));
    } catch (problem) {
      toastProblem(problem);
    }
    this.redraw();
  }

  // ---- what goes out ----

  write(content) {
    // Who writes has read.
    this.#timeline.unreadAfter = null;
    this.#outbox.write(content);
    this.#draw();
    this.#view.toBottom();
  }

  /** After a reconnect. */
  resend() {
    this.#outbox.resend();
  }

  // ---- drawing ----

  /** Draws all of it anew, as after a change of language. */
  redraw() {
    if (this.#closed) return;
    this.#view.renew();
    this.#draw();
  }

  // Once for all that came since; a hidden page has no frames, so there a timer does it.
  #drawSoon() {
    if (this.#drawing || this.#closed) return;
    this.#drawing = true;
    const draw = () => this.#drawing && this.#draw();
    if (document.hidden) setTimeout(draw, 100);
    else requestAnimationFrame(draw);
  }

  #draw() {
    this.#drawing = false;
    if (this.#closed || !this.#room) return;
    const items = layout(this.#timeline, this.#outbox.entries, me().uid);
    if (items[0]?.kind === 'start') items[0].room = this.#room;
    const actions = {
      retry: (entry) => this.#outbox.retry(entry),
      discard: (entry) => this.#outbox.discard(entry),
      fill: (gap) => this.#fillGap(gap),
      profile: this.#showProfile,
      trackOf: (message) => this.#trackOf(message),
    };
    this.#view.draw(items, look, (item) => bubble(item, actions));
  }

  #trackOf({ currentMusicId, positionMs }) {
    const music = this.#room.playlist.musics.find(({ id }) => String(id) === currentMusicId);
    return music ? `♪ ${music.title} – ${music.artist} · ${length(positionMs)}` : null;
  }
}

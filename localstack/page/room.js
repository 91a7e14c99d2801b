// One room that is open: enters it, keeps it live over reconnects, leaves and exits it.
// It decides what happens; room-log, members and player decide how it looks.
import * as api from './api.js';
import { closeComposer, focusComposer, openComposer, setComposerState } from './composer.js';
import { byId } from './dom.js';
import { t } from './i18n.js';
import { live, Refused } from './live.js';
import { Members } from './members.js';
import { toast, toastProblem } from './notices.js';
import { hidePlayer, showPlayer } from './player.js';
import { showProfile } from './profile.js';
import { RoomLog } from './room-log.js';
import { me } from './session.js';

const RETRY_MS = 2000;
const READ_PAUSE_MS = 1500;
// My EXIT and the notice of an eviction come by different ways; whichever is first waits for the other.
const EXIT_PAUSE_MS = 500;

export class Room {
  id;
  /** The Room as the server told it last; null until it is known. */
  data = null;
  #log;
  #members = null;
  #ends = [];
  #closed = false;
  #entered = false;
  #readTimer = 0;
  #readSent = null;
  #hooks;
  #onStatus = () => live.status === 'online' && this.#entered && this.#resumed().catch(() => {});
  #onVisible = () => this.#readSoon();

  /** Hooks: `onEntered()`, `onTalk(message)`, `onLeft()`, and `onGone()` when membership ended without being asked to. */
  constructor(id, hooks) {
    this.id = id;
    this.#hooks = hooks;
    this.#log = new RoomLog(id, (user) => showProfile({ ...user, ...this.#members?.get(user.uid) }));
    openComposer(id, (content) => this.#log.write(content));
    setComposerState('busy');
    live.addEventListener('status', this.#onStatus);
    document.addEventListener('visibilitychange', this.#onVisible);
  }

  /**
   * Enters. A member reads what was missed first and subscribes after its last message; who is new joins first,
   * since history is for members.
   */
  async open(isMember) {
    const wasMember = isMember && (await this.#persist(() => this.#loadReentry()));
    if (this.#closed) return;
    this.#subscribe();
    await this.#persist(() => this.#join());
    if (!wasMember) await this.#persist(() => this.#loadReentry());
    if (this.#closed) return;
    this.#entered = true;
    if (this.#log.lastId === null) await this.#persist(() => this.#log.loadNewest());
    await this.#log.fillScreen();
    if (this.#closed) return;
    this.#composerState();
    focusComposer();
    this.#hooks.onEntered();
    this.#members.load().catch(() => {});
    this.#readSoon();
  }

  /** Closes the screen. Membership stays, and how far was read is remembered. */
  leave() {
    if (this.#entered) {
      const body = { roomId: this.id, ...(this.#log.readId && { lastReadMessageId: this.#log.readId }) };
      live.send('/chat/pub/leave', body).catch(() => {}).finally(this.#hooks.onLeft);
    }
    this.close();
  }

  /** Ends membership for good. Rejects with Refused or ConnectionLost. */
  async exit() {
    this.#entered = false;
    try {
      await live.send('/chat/pub/exit', { roomId: this.id });
    } catch (problem) {
      this.#entered = true;
      throw problem;
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#readTimer);
    live.removeEventListener('status', this.#onStatus);
    document.removeEventListener('visibilitychange', this.#onVisible);
    this.#ends.forEach((end) => end());
    this.#members?.close();
    this.#log.close();
    closeComposer();
    hidePlayer();
  }

  async setPresence(presence) {
    try {
      await live.send('/chat/pub/presence', { roomId: this.id, presence });
      this.#members.setMine(presence);
    } catch (problem) {
      toastProblem(problem);
    }
  }

  /** Draws all of it anew, as after a change of language. */
  redraw() {
    this.#log.redraw();
    this.#members?.draw();
  }

  // ---- entering ----

  // Runs a step until it succeeds. One that can never succeed ends the room.
  async #persist(step) {
    while (!this.#closed) {
      try {
        return await step();
      } catch (problem) {
        if (this.#closed) return undefined;
        if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) return this.#giveUp(problem);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    return undefined;
  }

  #giveUp(problem) {
    toast(problem.status === 404 ? t('roomGone') : t('refused', { detail: problem.message }), 'problem');
    this.#hooks.onGone();
  }

  async #join() {
    await live.online();
    await live.send('/chat/pub/join', { roomId: this.id });
  }

  /** Reads what a member re-enters with. False if this user turns out to be none. */
  async #loadReentry() {
    let re;
    try {
      re = await api.reentry(this.id);
    } catch (problem) {
      if (problem.status === 403 && this.data === null && !this.#ends.length) return false;
      throw problem;
    }
    if (this.#closed) return true;
    this.#showRoom(re.room);
    await this.#log.reenter(re);
    return true;
  }

  #subscribe() {
    const since = () => (this.#log.lastId ? { since: this.#log.lastId } : {});
    this.#ends = [
      live.subscribe(`/chat/topic/room/${this.id}`, (message) => this.#received(message), since),
      live.subscribe(`/chat/topic/presence/${this.id}`, (change) => this.#members?.presence(change)),
    ];
  }

  #showRoom(data) {
    this.data = data;
    this.#log.room = data;
    byId('room-name').textContent = data.roomName;
    this.#members ??= new Members(data, () => this.#membersChanged(), (to) => this.setPresence(to));
    this.#members.draw();
    showPlayer(data);
  }

  #membersChanged() {
    byId('room-count').textContent = t('peopleLabel', { n: this.#members.count });
    this.#composerState();
  }

  #composerState() {
    setComposerState(!this.#entered ? 'busy' : this.#members.mine === 'on' ? 'ready' : 'off');
  }

  // ---- while it is open ----

  #received(message) {
    if (!this.#log.receive(message)) return;
    const { messageType, senderId } = message;
    if (messageType === 'TALK') this.#hooks.onTalk(message);
    else this.#members?.record(message);
    if (messageType === 'EXIT' && senderId === me()?.uid && this.#entered) this.#checkMembership();
    this.#readSoon();
  }

  // After a reconnect the log has caught up by `since`, and the subscription alone put this socket back in the
  // room: a join would switch on a presence that the user had switched off.
  async #resumed() {
    this.#log.resend();
    if (this.#log.lastId === null) await this.#log.loadNewest();
    const mine = (await api.joinedRooms()).find((room) => room.id === this.id);
    if (this.#closed) return;
    if (!mine) return this.#goneElsewhere();
    this.#showRoom(mine);
    await this.#members.load(mine.userCount);
  }

  async #checkMembership() {
    await new Promise((resolve) => setTimeout(resolve, EXIT_PAUSE_MS));
    if (this.#closed || !this.#entered) return;
    const joined = await api.joinedRooms().catch(() => null);
    if (!this.#closed && joined && !joined.some((room) => room.id === this.id)) this.#goneElsewhere();
  }

  #goneElsewhere() {
    toast(t('exitedElsewhere', { room: this.data.roomName }));
    this.#hooks.onGone();
  }

  /** Tells the server how far this member has read: while the page is seen, and not for every message. */
  #readSoon() {
    if (this.#readTimer || this.#closed) return;
    this.#readTimer = setTimeout(() => {
      this.#readTimer = 0;
      const lastReadMessageId = this.#log.readId;
      if (!this.#entered || document.hidden || !lastReadMessageId || lastReadMessageId === this.#readSent) return;
      this.#readSent = lastReadMessageId;
      live.send('/chat/pub/read', { roomId: this.id, lastReadMessageId }).catch((problem) => {
        if (!(problem instanceof Refused)) this.#readSent = null;
      });
    }, READ_PAUSE_MS);
  }
}

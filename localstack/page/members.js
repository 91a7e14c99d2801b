// The members of the open room and who is on: read in pages, then kept by presence changes, ENTER and EXIT.
import * as api from './api.js';
import { byId, h, icon } from './dom.js';
import { t } from './i18n.js';
import { avatar } from './picture.js';
import { showProfile } from './profile.js';
import { me } from './session.js';

// So many pages are read at once; the rest when the list is scrolled to its end.
const PAGES_FIRST = 5;
// A change of presence heard so shortly before a page was asked for is taken to be newer than the page.
const HEARD_FRESH_MS = 3000;

export class Members {
  #roomId;
  #ownerUid;
  #byUid = new Map();
  #heard = new Map();
  #onCount = null;
  #cursor = null;
  #loading = false;
  #last = Promise.resolve();
  #closed = false;
  #scheduled = false;
  #onChange;
  #setSwitch;
  /** How many there are, loaded or not. */
  count;
  /** My own switch: 'on' or 'off'. */
  mine = 'on';

  /** `onChange()` after any change; `setSwitch(presence)` when the user flips the switch. */
  constructor(room, onChange, setSwitch) {
    this.#roomId = room.id;
    this.#ownerUid = room.owner.uid;
    this.#onChange = onChange;
    this.#setSwitch = setSwitch;
    this.count = room.userCount;
    for (const user of room.users) this.#byUid.set(user.uid, user);
  }

  close() {
    this.#closed = true;
    byId('pane-members').replaceChildren();
    byId('pane-members').onscroll = null;
  }

  get(uid) {
    return this.#byUid.get(uid);
  }

  /** Reads the list anew, as after a reconnect. */
  load(userCount) {
    return this.#inTurn(async () => {
      if (userCount !== undefined) this.count = userCount;
      this.#cursor = null;
      // What was here before and is in no page is gone; who enters meanwhile stays.
      const unseen = new Set(this.#byUid.keys());
      for (let page = 0; page < PAGES_FIRST && (page === 0 || this.#cursor); page++) {
        for (const uid of await this.#loadPage()) unseen.delete(uid);
      }
      if (!this.#cursor) for (const uid of unseen) this.#byUid.delete(uid);
      this.#changed();
    });
  }

  #loadMore() {
    if (!this.#cursor || this.#loading) return;
    this.#inTurn(() => this.#loadPage()).catch(() => {});
  }

  // One reading at a time: two that ran at once would each take the other's pages for their own.
  #inTurn(step) {
    this.#loading = true;
    const turn = this.#last.then(step);
    this.#last = turn.catch(() => {}).finally(() => (this.#loading = false));
    return turn;
  }

  /** Reads one page and returns its uids. */
  async #loadPage() {
    const freshMs = performance.now() - HEARD_FRESH_MS;
    const { users, nextCursor } = await api.members(this.#roomId, this.#cursor);
    for (const user of users) {
      const heard = this.#heard.get(user.uid);
      if (heard?.atMs > freshMs) user.presence = heard.presence;
      this.#byUid.set(user.uid, user);
    }
    this.#cursor = nextCursor;
    this.#changed();
    return users.map(({ uid }) => uid);
  }

  /** A change of presence, as the topic tells it. */
  presence({ uid, presence, onCount }) {
    this.#heard.set(uid, { presence, atMs: performance.now() });
    this.#onCount = onCount ?? this.#onCount;
    const user = this.#byUid.get(uid);
    if (user) this.#byUid.set(uid, { ...user, presence });
    if (uid === me()?.uid) this.mine = presence;
    this.#changed();
  }

  /** An ENTER or EXIT that came live. */
  record({ messageType, senderId, nickName, senderProfileImage, createdAt }) {
    const known = this.#byUid.get(senderId);
    if (messageType === 'ENTER' && !known) {
      this.#byUid.set(senderId, { uid: senderId, nickName, profileImage: senderProfileImage, enteredAt: createdAt, presence: 'on' });
      this.count++;
    }
    if (messageType === 'EXIT' && (known || this.#cursor)) {
      this.#byUid.delete(senderId);
      this.count--;
    }
    this.#changed();
  }

  setMine(presence) {
    this.mine = presence;
    this.#changed();
  }

  #changed() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // One drawing for a burst of changes.
    setTimeout(() => {
      this.#scheduled = false;
      if (!this.#closed) this.draw();
    }, 30);
  }

  draw() {
    const users = [...this.#byUid.values()].sort(byRank);
    const on = this.#cursor && this.#onCount !== null ? this.#onCount : users.filter((user) => this.#isOn(user)).length;
    const pane = byId('pane-members');
    pane.onscroll = () => pane.scrollHeight - pane.scrollTop - pane.clientHeight < 300 && this.#loadMore();
    const focused = pane.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    pane.replaceChildren(
      this.#switchNode(),
      h('p', { class: 'pane-count', 'data-testid': 'on-count' }, t('membersOn', { n: this.count, on })),
      h('ul', { class: 'members', 'aria-label': t('members') }, users.map((user) => this.#row(user))));
    if (focused) pane.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    this.#onChange();
  }

  #isOn(user) {
    return (user.uid === me()?.uid ? this.mine : user.presence) === 'on';
  }

  #switchNode() {
    const flip = () => this.#setSwitch(this.mine === 'on' ? 'off' : 'on');
    return h('div', { class: 'my-switch' },
      h('span', { class: 'switch-text' }, h('strong', { id: 'switch-label' }, t('mySwitch')), h('span', {}, this.mine === 'on' ? t('on') : t('mySwitchHint'))),
      h('button', { type: 'button', role: 'switch', class: 'switch', 'data-testid': 'presence-switch', 'data-key': 'switch', 'aria-checked': String(this.mine === 'on'), 'aria-labelledby': 'switch-label', onclick: flip }, h('span')));
  }

  #row(user) {
    const presence = this.#isOn(user) ? 'on' : 'off';
    const isMe = user.uid === me()?.uid;
    return h('li', {},
      h('button', { type: 'button', class: 'member', 'data-testid': 'member', 'data-uid': user.uid, 'data-presence': presence, 'data-key': `member-${user.uid}`, onclick: () => showProfile(user) },
        h('span', { class: 'member-avatar' }, avatar(user), h('span', { class: 'dot' })),
        h('span', { class: 'member-name' }, user.nickName),
        isMe && h('span', { class: 'tag' }, t('you')),
        user.uid === this.#ownerUid && h('span', { class: 'tag host' }, icon('crown'), t('owner')),
        h('span', { class: 'member-state' }, t(presence))));
  }
}

// I come first, then who is on, then by when they entered.
function byRank(a, b) {
  const rank = (user) => (user.uid === me()?.uid ? 0 : user.presence === 'on' ? 1 : 2);
  return rank(a) - rank(b) || Date.parse(a.enteredAt) - Date.parse(b.enteredAt);
}

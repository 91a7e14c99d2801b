// The scrolling log: puts items on screen with the fewest changes, keeps the place where the reader is, and
// says when older messages are wanted. It knows items, not rooms.
import { byId, h, icon } from './dom.js';
import { t } from './i18n.js';

const BOTTOM_SLACK_PX = 60;
const NEAR_TOP_PX = 400;

export class LogView {
  #log = byId('log');
  #jump = byId('jump');
  #nodes = new Map();
  #keys = new WeakMap();
  #stuck = true;
  #arrived = 0;
  #events = new AbortController();
  #watch;

  /** `onNearTop()` asks for older messages; it may be called often. */
  constructor(onNearTop) {
    this.#log.replaceChildren();
    const { signal } = this.#events;
    this.#log.addEventListener('scroll', () => this.#scrolled(onNearTop), { signal, passive: true });
    this.#jump.addEventListener('click', () => this.toBottom(), { signal });
    // A keyboard that opens, or a composer that grows, must not hide the newest message.
    this.#watch = new ResizeObserver(() => this.#stuck && this.toBottom());
    this.#watch.observe(this.#log);
    this.#drawJump();
  }

  close() {
    this.#events.abort();
    this.#watch.disconnect();
    this.#log.replaceChildren();
    this.#jump.hidden = true;
  }

  get atBottom() {
    return this.#stuck;
  }

  /** True while everything fits without scrolling: more can be loaded at once. */
  get hasRoom() {
    return this.#log.scrollHeight < this.#log.clientHeight + NEAR_TOP_PX;
  }

  get quiet() {
    return this.#log.getAttribute('aria-live') === 'off';
  }

  /** While history is put in, a screen reader is not told of it as if it were new. */
  set quiet(quiet) {
    this.#log.setAttribute('aria-live', quiet ? 'off' : 'polite');
    this.#log.classList.toggle('loading', quiet);
  }

  /** Shows exactly these items. `look(item)` tells whether a node can stay; `make(item)` makes one. */
  draw(items, look, make) {
    const place = this.#stuck ? null : this.#place();
    this.#reconcile(items, look, make);
    if (this.#stuck) this.toBottom();
    else this.#restore(place);
  }

  toBottom() {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#stuck = true;
    this.#arrived = 0;
    this.#drawJump();
  }

  /** Puts an item near the top of the view, unless all that follows fits. */
  toItem(key) {
    const node = this.#nodes.get(key)?.node;
    if (!node) return this.toBottom();
    this.#log.scrollTop = node.offsetTop - this.#log.clientHeight / 4;
    this.#measure();
    this.#drawJump();
  }

  /** Counts messages that came while the reader was further up. */
  arrived(count) {
    if (this.#stuck) return;
    this.#arrived += count;
    this.#drawJump();
  }

  /** Forgets every node, so that the next draw writes all of them anew. */
  renew() {
    for (const known of this.#nodes.values()) known.look = null;
    this.#drawJump();
  }

  #reconcile(items, look, make) {
    const unused = new Map(this.#nodes);
    let cursor = this.#log.firstChild;
    for (const item of items) {
      const known = unused.get(item.key);
      unused.delete(item.key);
      const looks = look(item);
      let node = known?.node;
      if (known?.look !== looks) {
        node = make(item);
        if (known) {
          if (cursor === known.node) cursor = node;
          known.node.replaceWith(node);
        }
        this.#nodes.set(item.key, { node, look: looks });
        this.#keys.set(node, item.key);
      }
      if (node === cursor) cursor = cursor.nextSibling;
      else this.#log.insertBefore(node, cursor);
    }
    for (const [key, { node }] of unused) {
      node.remove();
      this.#nodes.delete(key);
    }
  }

  #place() {
    const top = this.#log.scrollTop;
    for (const node of this.#log.children) {
      // A divider moves up when older messages of its day come; only messages stay where they are.
      if (node.dataset.id && node.offsetTop + node.offsetHeight > top) return { key: this.#keys.get(node), offset: node.offsetTop - top };
    }
    return null;
  }

  #restore(place) {
    const node = place && this.#nodes.get(place.key)?.node;
    if (node) this.#log.scrollTop = node.offsetTop - place.offset;
  }

  #scrolled(onNearTop) {
    this.#measure();
    if (this.#stuck) this.#arrived = 0;
    this.#drawJump();
    if (this.#log.scrollTop < NEAR_TOP_PX) onNearTop();
  }

  #measure() {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    this.#stuck = scrollHeight - scrollTop - clientHeight < BOTTOM_SLACK_PX;
  }

  #drawJump() {
    const words = this.#arrived ? t('jumpNew', { n: this.#arrived }) : '';
    this.#jump.hidden = this.#stuck;
    this.#jump.setAttribute('aria-label', words || t('jump'));
    this.#jump.replaceChildren(icon('down'), words && h('span', {}, words));
  }
}

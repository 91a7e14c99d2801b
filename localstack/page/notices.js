// What the page says on its own account: toasts, and the banner of the connection.
import { byId, h, icon } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { live } from './live.js';

const TOAST_MS = 5000;
const TOASTS_MAX = 3;
const RESTORED_MS = 2500;
// A first connection is mostly there at once; only a slow one is worth a banner.
const PATIENCE_MS = 1500;

/** Makes banner and toasts the topmost layer: a dialog opened after them would cover them. */
export function raise() {
  const overhead = byId('overhead');
  if (overhead.matches(':popover-open')) overhead.hidePopover();
  overhead.showPopover();
}

/** Says something in passing. `kind`: 'info' or 'problem'. */
export function toast(words, kind = 'info') {
  const close = () => node.remove();
  const node = h('div', { class: `toast ${kind}`, 'data-testid': 'toast' }, h('span', {}, words),
    h('button', { type: 'button', class: 'toast-close', 'aria-label': t('close'), onclick: close }, icon('close')));
  const toasts = byId('toasts');
  if (document.querySelector('dialog[open]')) raise();
  toasts.append(node);
  while (toasts.children.length > TOASTS_MAX) toasts.firstChild.remove();
  setTimeout(close, TOAST_MS);
}

/** Says why a call failed, in words for people. */
export function toastProblem(problem) {
  if (problem.status === 429) toast(t('tooFast'), 'problem');
  else if (problem.status === undefined) toast(t('unreachable'), 'problem');
  else toast(t('refused', { detail: problem.message }), 'problem');
}

let wasLost = false;
let timer = 0;

function show(kind, words, withButton) {
  const banner = byId('banner');
  banner.className = `banner ${kind}`;
  banner.dataset.state = kind;
  banner.hidden = false;
  const button = withButton && h('button', { type: 'button', class: 'text-button', onclick: () => live.retryNow() }, t('reconnectNow'));
  banner.replaceChildren(h('span', {}, words), ...(button ? [button] : []));
}

function drawBanner() {
  clearTimeout(timer);
  if (live.status === 'online') return wasLost ? showRestored() : hide();
  if (live.status === 'off') return (wasLost = false), hide();
  if (live.status === 'waiting') {
    wasLost = true;
    return countDown();
  }
  if (wasLost) return show('lost', t('reconnectingNow'), false);
  timer = setTimeout(() => show('lost', t('connecting'), false), PATIENCE_MS);
}

function countDown() {
  const seconds = Math.ceil((live.retryAtMs - performance.now()) / 1000);
  if (seconds > 1) show('lost', t('reconnecting', { n: seconds }), true);
  else show('lost', t('reconnectingNow'), false);
  if (seconds > 1) timer = setTimeout(countDown, 1000);
}

function showRestored() {
  wasLost = false;
  show('restored', t('reconnected'), false);
  timer = setTimeout(hide, RESTORED_MS);
}

function hide() {
  byId('banner').hidden = true;
}

live.addEventListener('status', drawBanner);
onLanguage(drawBanner);

// Pictures of people and of tracks: which address may be shown, and what stands in where there is none.
import { h } from './dom.js';

/** The pictures a user may pick; all are drawn by us and served from here. */
export const PICTURES = ['cat', 'bear', 'rabbit', 'fox', 'penguin', 'frog'].map((name) => `/page/avatar-${name}.svg`);

const HUES = 8;

// The contract allows https addresses and paths of this server; anything else is not asked for.
function isAllowed(address) {
  return typeof address === 'string' && (address.startsWith('https://') || /^\/(?!\/)/.test(address));
}

function image(address, onMissing) {
  return h('img', { src: address, alt: '', decoding: 'async', referrerpolicy: 'no-referrer', draggable: 'false', onerror: onMissing });
}

function hueOf(text) {
  let sum = 0;
  for (const char of text) sum = (sum * 31 + char.codePointAt(0)) >>> 0;
  return sum % HUES;
}

/** A user's picture, or the first letter of the nickname on a colour that is always the same for that uid. */
export function avatar({ uid, nickName, profileImage }) {
  const letter = [...(nickName || '?')][0].toUpperCase();
  const node = h('span', { class: `avatar hue-${hueOf(uid || nickName || '')}`, 'aria-hidden': 'true' }, letter);
  if (!isAllowed(profileImage)) return node;
  // The colour would show as a fringe round the picture's corners; it comes back if there is no picture.
  node.classList.add('pictured');
  node.append(image(profileImage, (event) => {
    event.target.remove();
    node.classList.remove('pictured');
  }));
  return node;
}

/** A track's cover, or a plain tile. */
export function cover(music) {
  const node = h('span', { class: 'cover', 'aria-hidden': 'true' });
  if (isAllowed(music?.thumbnail)) node.append(image(music.thumbnail, (event) => event.target.remove()));
  return node;
}

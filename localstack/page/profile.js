// The profile card: picture, nickname, uid, since when; and a link to follow, where one is configured.
import { pageConfig } from './api.js';
import { byId, h, icon } from './dom.js';
import { t } from './i18n.js';
import { avatar } from './picture.js';
import { me } from './session.js';
import { moment } from './time.js';

const config = pageConfig();

/** Shows a user's card; `enteredAt` may be missing. */
export async function showProfile(user) {
  const dialog = byId('profile-dialog');
  const link = user.uid === me().uid ? null : await followLink(user.uid);
  dialog.replaceChildren(
    h('button', { type: 'button', class: 'icon-button dialog-close', 'aria-label': t('close'), onclick: () => dialog.close() }, icon('close')),
    avatar(user),
    h('h2', { id: 'profile-name', 'data-testid': 'profile-name' }, user.nickName),
    h('p', { class: 'profile-uid', 'data-testid': 'profile-uid' }, user.uid),
    user.enteredAt && h('p', { class: 'profile-since' }, t('memberSince', { when: moment(user.enteredAt) })),
    link && h('a', { class: 'button primary', 'data-testid': 'follow-link', href: link, target: '_blank', rel: 'noopener noreferrer' }, t('follow'), icon('link')));
  if (!dialog.open) dialog.showModal();
}

async function followLink(uid) {
  const { followUrl } = await config;
  // Anything but a web address would be a script or worse.
  if (typeof followUrl !== 'string' || !/^(https?:\/\/|\/(?!\/))/.test(followUrl)) return null;
  return followUrl.replaceAll('{uid}', encodeURIComponent(uid));
}

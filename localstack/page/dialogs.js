// The two dialogs that ask: which playlist opens a room, and whether to exit one.
import { createRoom } from './api.js';
import { byId, h, icon } from './dom.js';
import { lang, t } from './i18n.js';
import { toastProblem } from './notices.js';
import { cover } from './picture.js';
import { samplePlaylists } from './samples.js';
import { me } from './session.js';
import { length, playtimeMs } from './time.js';

/** Lets a click beside a dialog close it, as Escape does. */
export function initDialogs() {
  for (const dialog of document.querySelectorAll('dialog')) {
    dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  }
}

const closeButton = (dialog) =>
  h('button', { type: 'button', class: 'icon-button dialog-close', 'aria-label': t('close'), onclick: () => dialog.close() }, icon('close'));

/** Asks for a playlist and starts a room on it; `onStarted(room)` with the answer. */
export function askPlaylist(onStarted) {
  const dialog = byId('start-dialog');
  const start = async (playlist, button) => {
    button.disabled = true;
    try {
      const room = await createRoom(playlist);
      dialog.close();
      onStarted(room);
    } catch (problem) {
      toastProblem(problem);
      button.disabled = false;
    }
  };
  dialog.replaceChildren(
    closeButton(dialog),
    h('h2', { id: 'start-title' }, t('startTitle')),
    h('p', { class: 'dialog-text' }, t('startText')),
    h('ul', { class: 'playlists' }, samplePlaylists(lang(), me().uid).map((playlist) => h('li', {}, option(playlist, start)))));
  dialog.showModal();
}

function option(playlist, start) {
  const { musics, name } = playlist;
  const total = musics.reduce((sum, music) => sum + playtimeMs(music.playtime), 0);
  const artists = musics.slice(0, 4).map((music) => music.artist).join(', ');
  return h('button', { type: 'button', class: 'playlist', 'data-testid': 'playlist-option', 'data-playlist': playlist.id, onclick: (event) => start(playlist, event.currentTarget) },
    h('span', { class: 'mosaic' }, musics.slice(0, 4).map(cover)),
    h('span', { class: 'playlist-text' },
      h('strong', {}, name),
      h('span', {}, artists),
      h('span', { class: 'playlist-total' }, t('totalTime', { n: musics.length, time: length(total) }))));
}

/** Asks whether to exit; `onConfirmed()` if so. */
export function askExit(roomName, onConfirmed) {
  const dialog = byId('exit-dialog');
  const confirmed = () => {
    dialog.close();
    onConfirmed();
  };
  dialog.replaceChildren(
    h('h2', { id: 'exit-title' }, t('exitTitle')),
    h('p', { class: 'dialog-text' }, t('exitText', { room: roomName })),
    h('div', { class: 'dialog-buttons' },
      h('button', { type: 'button', class: 'button', 'data-testid': 'exit-cancel', onclick: () => dialog.close() }, t('cancel')),
      h('button', { type: 'button', class: 'button danger', 'data-testid': 'exit-confirm', onclick: confirmed }, t('exitConfirm'))));
  dialog.showModal();
}

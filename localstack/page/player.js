// Now playing: the bar above the chat and the track list. Where the music stands is a pure function of the
// room's createdAt, the track lengths and the server's clock; nothing is asked of the server for it.
import { byId, equalizer, h } from './dom.js';
import { t } from './i18n.js';
import { cover } from './picture.js';
import { length, playtimeMs, serverNow } from './time.js';

/** The track at a moment: `{index, positionMs, lengthMs}`; the playlist loops from `startMs`. */
export function playing(musics, startMs, nowMs) {
  const lengths = musics.map((music) => playtimeMs(music.playtime));
  const total = lengths.reduce((sum, ms) => sum + ms, 0);
  if (!total) return { index: 0, positionMs: 0, lengthMs: 0 };
  // A clock that runs a little behind would make it negative just after the start.
  let positionMs = Math.max(0, nowMs - startMs) % total;
  let index = 0;
  while (positionMs >= lengths[index]) positionMs -= lengths[index++];
  return { index, positionMs, lengthMs: lengths[index] };
}

/** The room's track at this moment, with its music. */
export function playingIn(room) {
  const now = playing(room.playlist.musics, Date.parse(room.createdAt), serverNow());
  return { ...now, music: room.playlist.musics[now.index] };
}

let room = null;
let timer = 0;
let shownIndex = -1;

export function showPlayer(ofRoom) {
  room = ofRoom;
  shownIndex = -1;
  drawTracks();
  tick();
}

export function hidePlayer() {
  clearTimeout(timer);
  room = null;
}

export function redrawPlayer() {
  if (room) showPlayer(room);
}

// Each tick falls on a whole second of the track, so that no second is skipped or shown twice.
function tick() {
  clearTimeout(timer);
  const now = playingIn(room);
  if (now.index !== shownIndex) drawCurrent(now);
  drawPosition(now);
  timer = setTimeout(tick, 1000 - (now.positionMs % 1000) + 5);
}

function drawCurrent({ index, music }) {
  shownIndex = index;
  const bar = byId('now-playing');
  bar.replaceChildren(
    h('span', { class: 'visually-hidden' }, t('nowPlaying')),
    cover(music),
    h('span', { class: 'now-text' },
      h('span', { class: 'now-title', 'data-testid': 'track-title' }, music.title),
      h('span', { class: 'now-artist' }, music.artist)),
    equalizer(),
    h('span', { class: 'now-time' }, h('span', { class: 'now-position', 'data-testid': 'track-position' }), h('span', { class: 'now-length' }, `/ ${music.playtime}`)),
    h('span', { class: 'progress', 'aria-hidden': 'true' }, h('span', { class: 'progress-done' })));
  for (const row of byId('pane-tracks').querySelectorAll('.track')) {
    const isCurrent = Number(row.dataset.index) === index;
    if (isCurrent) row.setAttribute('aria-current', 'true');
    else row.removeAttribute('aria-current');
  }
}

function drawPosition({ positionMs, lengthMs }) {
  const bar = byId('now-playing');
  bar.querySelector('.now-position').textContent = length(positionMs);
  for (const done of document.querySelectorAll('#now-playing .progress-done, .track[aria-current] .progress-done')) {
    done.style.width = `${(100 * positionMs) / lengthMs}%`;
  }
}

function drawTracks() {
  const { musics, name } = room.playlist;
  const total = musics.reduce((sum, music) => sum + playtimeMs(music.playtime), 0);
  byId('pane-tracks').replaceChildren(
    h('div', { class: 'pane-lead' }, cover(room.thumbnail), h('div', {}, h('strong', {}, name), h('span', {}, t('totalTime', { n: musics.length, time: length(total) })))),
    h('ol', { class: 'tracks', 'data-testid': 'track-list', 'aria-label': t('tracks') }, musics.map(trackRow)));
}

function trackRow(music, index) {
  return h('li', { class: 'track', 'data-testid': 'track', 'data-index': index },
    h('span', { class: 'track-number' }, String(index + 1), equalizer()),
    cover(music),
    h('span', { class: 'track-text' }, h('span', { class: 'track-title' }, music.title), h('span', { class: 'track-artist' }, music.artist),
      h('span', { class: 'progress', 'aria-hidden': 'true' }, h('span', { class: 'progress-done' }))),
    h('span', { class: 'track-length' }, music.playtime));
}

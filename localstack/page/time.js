// Times: the server's clock as seen from here, and how moments and lengths are written.
import { lang, t } from './i18n.js';

let serverMs = null;
let readAtMs = 0;

/**
 * Learns the server's time from an answer. `askedAtMs` (performance.now()) lets half of the round trip count.
 * performance.now() carries it on, so that a change of this machine's clock moves nothing.
 */
export function learnServerTime(iso, askedAtMs = performance.now()) {
  const parsed = Date.parse(iso);
  if (Number.isNaN(parsed)) return;
  serverMs = parsed;
  readAtMs = (askedAtMs + performance.now()) / 2;
}

export const serverNow = () => (serverMs === null ? Date.now() : serverMs + performance.now() - readAtMs);

/** "m:ss" or "h:mm:ss" to milliseconds; what is malformed counts as zero. */
export function playtimeMs(text) {
  const parts = String(text).split(':').map(Number);
  if (parts.some((part) => !Number.isFinite(part) || part < 0)) return 0;
  return parts.reduce((sum, part) => sum * 60 + part, 0) * 1000;
}

/** Milliseconds to "m:ss" or "h:mm:ss". */
export function length(ms) {
  const seconds = Math.floor(ms / 1000);
  const pad = (n) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

// A formatter costs far more to make than to use, and a room writes hundreds of times of day.
const formatters = new Map();
function format(options, date) {
  const key = lang() + JSON.stringify(options);
  if (!formatters.has(key)) formatters.set(key, new Intl.DateTimeFormat(lang() === 'ko' ? 'ko-KR' : 'en-US', options));
  return formatters.get(key).format(date);
}

export const timeOfDay = (iso) => format({ hour: 'numeric', minute: '2-digit' }, new Date(iso));
export const day = (iso) => format({ year: 'numeric', month: 'long', day: 'numeric', weekday: 'long' }, new Date(iso));
export const moment = (iso) => format({ year: 'numeric', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' }, new Date(iso));
export const dayKey = (iso) => new Date(iso).toDateString();
export const minuteKey = (iso) => Math.floor(Date.parse(iso) / 60000);

/** As a room list writes it: the time today, "yesterday", else the date. */
export function recently(iso) {
  const then = new Date(iso);
  const now = new Date();
  if (then.toDateString() === now.toDateString()) return timeOfDay(iso);
  if (then.toDateString() === new Date(now.getTime() - 86_400_000).toDateString()) return t('yesterday');
  const options = { month: 'short', day: 'numeric', ...(then.getFullYear() !== now.getFullYear() && { year: 'numeric' }) };
  return format(options, then);
}

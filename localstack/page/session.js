// Who this window is, and its token. Kept in sessionStorage, so that two windows are two users.
// It knows how long a token lives, and nothing of rooms.
import { Problem } from './problem.js';

const STORED = 'roomtone.user';
// A token is renewed when a tenth of its life is left, but at least this long before its end.
const MARGIN_MIN_MS = 20_000;
const TIMER_MAX_MS = 2 ** 31 - 1;

let user = read();
let token = null;
let expiresAtMs = Infinity;
let renewTimer = 0;
let onRenewed = () => {};

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(STORED));
  } catch {
    return null;
  }
}

// crypto.randomUUID exists on secure origins only; the page may be opened by a machine's address.
function newUid() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `u-${[...bytes].map((byte) => (byte % 36).toString(36)).join('')}`;
}

/** `{uid, nickname, picture}`, or null before sign-in. */
export const me = () => user;

/** Calls back with each token that took the place of a live one. */
export const onTokenRenewed = (listener) => (onRenewed = listener);

export async function signIn(nickname, picture) {
  const candidate = { uid: newUid(), nickname, ...(picture && { picture }) };
  user = candidate;
  try {
    await renew();
  } catch (problem) {
    user = null;
    throw problem;
  }
  sessionStorage.setItem(STORED, JSON.stringify(candidate));
}

export function signOut() {
  sessionStorage.removeItem(STORED);
  clearTimeout(renewTimer);
  user = null;
  token = null;
}

/** A token that is good for a while yet. */
export async function freshToken() {
  if (!token || Date.now() > expiresAtMs - MARGIN_MIN_MS / 2) await renew();
  return token;
}

/** Forgets a token that the server would not take, so that the next one asked for is new. */
export const dropToken = () => (token = null);

/** A token with which this local run plays the part of the playlist server. */
export const serviceToken = () => issue({ ...user, scope: 'service' });

async function renew() {
  const replaces = token !== null;
  token = await issue(user);
  plan(token);
  if (replaces) onRenewed(token);
}

async function issue(claims) {
  const answer = await fetch('/dev/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(claims),
  });
  if (!answer.ok) throw await Problem.from(answer);
  return (await answer.json()).token;
}

function plan(jwt) {
  clearTimeout(renewTimer);
  expiresAtMs = expiryMs(jwt);
  if (expiresAtMs === Infinity) return;
  const left = expiresAtMs - Date.now();
  const wait = Math.max(1000, left - Math.max(MARGIN_MIN_MS, left / 10));
  renewTimer = setTimeout(() => user && renew().catch(() => plan(jwt)), Math.min(wait, TIMER_MAX_MS));
}

function expiryMs(jwt) {
  try {
    const claims = JSON.parse(atob(jwt.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')));
    return Number.isFinite(claims.exp) ? claims.exp * 1000 : Infinity;
  } catch {
    return Infinity;
  }
}

// The HTTP calls. One function a call; a failed one throws a Problem. It draws nothing and keeps nothing.
import { Problem } from './problem.js';
import { dropToken, freshToken, me, serviceToken } from './session.js';
import { learnServerTime } from './time.js';

async function call(method, path, { body, token, again = true } = {}) {
  const askedAtMs = performance.now();
  const answer = await fetch(path, {
    method,
    headers: {
      authorization: `Bearer ${token ?? (await freshToken())}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    body: body && JSON.stringify(body),
  });
  // A token can run out between the check and the answer: once more with a new one.
  if (answer.status === 401 && !token && again) {
    dropToken();
    return call(method, path, { body, again: false });
  }
  if (!answer.ok) throw await Problem.from(answer);
  const json = await answer.json();
  const nowPlaying = json.nowPlaying ?? json.rooms?.[0]?.nowPlaying;
  if (nowPlaying) learnServerTime(nowPlaying.serverTime, askedAtMs);
  return json;
}

function query(values) {
  const pairs = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  return new URLSearchParams(pairs).toString();
}

const segment = encodeURIComponent;

export const joinedRooms = async () => (await call('GET', '/v1/api/rooms/joined')).rooms;
export const unjoinedRooms = (cursor, size) => call('GET', `/v1/api/rooms/unjoined?${query({ cursor, size })}`);
export const members = (roomId, cursor) => call('GET', `/v1/api/rooms/${segment(roomId)}/users?${query({ cursor, size: 20 })}`);
export const reentry = (roomId) => call('GET', `/v1/api/chat/rooms/joined/${segment(roomId)}`);
export const historyBefore = (roomId, before) => call('GET', `/v1/api/chat/history?${query({ roomId, before, size: 20 })}`);
export const historyAfter = (roomId, after) => call('GET', `/v1/api/chat/history/${segment(roomId)}?${query({ after })}`);

/** Starts a room on a playlist, as the playlist server would do it for its owner. */
export async function createRoom(playlist) {
  const { uid, nickname, picture } = me();
  const body = { uid, userName: nickname, playlist, ...(picture && { userProfileImage: picture }) };
  return call('POST', '/v1/api/rooms/create', { body, token: await serviceToken() });
}

/** What the operator configured for the page; a page without it still works. */
export async function pageConfig() {
  try {
    const answer = await fetch('/page/config.json');
    return answer.ok ? await answer.json() : {};
  } catch {
    return {};
  }
}

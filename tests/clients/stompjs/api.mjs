// The HTTP side of a test: tokens, rooms, messages, lists and history, by plain fetch.
import { sign } from './signing.mjs';

/** The server said no. */
export class Problem extends Error {
  constructor(status, body) {
    super(`${status} ${JSON.stringify(body)}`);
    this.status = status;
    this.body = body;
  }
}

let users = 0;

/** A user nobody has used before in this run: `{uid, nickname}`. */
export function newUser(nickname = '하늘') {
  users += 1;
  return { uid: `u${users}-${process.pid}`, nickname: `${nickname}${users}` };
}

/** A playlist of `[m:ss, …]`, as the playlist server would send it. */
export function newPlaylist(playtimes = ['3:05', '0:40', '1:02:03']) {
  users += 1;
  return {
    id: `playlist-${users}-${process.pid}`,
    name: `밤 산책 ${users}`,
    musics: playtimes.map((playtime, index) => ({
      id: `m${index}`, title: `Track ${index}`, artist: 'Sky', playtime, thumbnail: '/page/logo.svg',
    })),
  };
}

/** Calls of one server. What needs a user takes that user first. */
export class Api {
  #server;
  #tokens = new Map();

  constructor(server) {
    this.#server = server;
  }

  /** A token of this user's, made once. */
  async token(user, scope) {
    const key = `${user.uid} ${scope ?? ''}`;
    if (!this.#tokens.has(key)) this.#tokens.set(key, await this.#newToken(user, scope));
    return this.#tokens.get(key);
  }

  /** Creates a room as the playlist server does, for this owner. */
  async createRoom(owner, playlist = newPlaylist()) {
    const service = await this.token({ uid: 'playlist-server', nickname: 'playlist-server' }, 'service');
    return this.#call('POST', '/v1/api/rooms/create', service, { uid: owner.uid, userName: owner.nickname, playlist });
  }

  async joined(user) {
    return (await this.#as(user, 'GET', '/v1/api/rooms/joined')).rooms;
  }

  async joinedRoom(user, roomId) {
    return (await this.joined(user)).find((room) => room.id === roomId);
  }

  reentry(user, roomId) {
    return this.#as(user, 'GET', `/v1/api/chat/rooms/joined/${roomId}`);
  }

  /** Says something without a socket, and gives the message. */
  say(user, roomId, content, more = {}) {
    return this.#as(user, 'POST', '/v1/api/chat/message', { roomId, content, ...more });
  }

  exit(user, roomId) {
    return this.#as(user, 'POST', `/v1/api/rooms/exit/${roomId}`);
  }

  leave(user, roomId, lastReadMessageId) {
    return this.#as(user, 'PUT', '/v1/api/rooms/leave', { roomId, lastReadMessageId });
  }

  /** The uids of those who are `on`, or `off`, sorted. */
  async presence(user, roomId, which) {
    return (await this.#as(user, 'GET', `/api/v1/presence/${roomId}/${which}`)).users.sort();
  }

  /** The whole history, oldest first. */
  async history(user, roomId) {
    const messages = [];
    let cursor = '';
    while (cursor !== null) {
      const after = cursor && `?after=${encodeURIComponent(cursor)}`;
      const page = await this.#as(user, 'GET', `/v1/api/chat/history/${roomId}${after}`);
      messages.push(...page.messages);
      cursor = page.nextCursor;
    }
    return messages;
  }

  async #newToken(user, scope) {
    if (this.#server.secret) return sign(this.#server.secret, user, scope);
    return (await this.#call('POST', '/dev/token', null, { ...user, ...(scope && { scope }) })).token;
  }

  async #as(user, method, path, body) {
    return this.#call(method, path, await this.token(user), body);
  }

  async #call(method, path, token, body) {
    const answer = await fetch(this.#server.http + path, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body && { 'content-type': 'application/json' }),
      },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Problem(answer.status, text);
    return text ? JSON.parse(text) : null;
  }
}

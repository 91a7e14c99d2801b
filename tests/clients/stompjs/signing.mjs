// Tokens as their issuer signs them (HS256), for where no server hands them out.
import { createHmac } from 'node:crypto';

const GOOD_FOR_S = 12 * 3600;

/** A token of this user's. */
export function sign(secret, { uid, nickname, picture }, scope) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: uid, nickname, picture, scope, iat: now, exp: now + GOOD_FOR_S };
  const signed = [{ alg: 'HS256', typ: 'JWT' }, claims].map(encoded).join('.');
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// STOMP 1.2 frames: text to frame and back. Pure; it knows no socket.

const ESCAPES = { '\\': '\\\\', '\r': '\\r', '\n': '\\n', ':': '\\c' };
const UNESCAPES = { '\\\\': '\\', '\\r': '\r', '\\n': '\n', '\\c': ':' };
// The specification leaves these two unescaped for the sake of 1.0.
const PLAIN = new Set(['CONNECT', 'CONNECTED']);

const octets = new TextEncoder();

/** A frame as one WebSocket message. Headers that are null or undefined are left out. */
export function encode(command, headers, body = '') {
  const clean = (text) => (PLAIN.has(command) ? String(text) : String(text).replace(/[\\\r\n:]/g, (char) => ESCAPES[char]));
  let lines = command;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== null && value !== undefined) lines += `\n${clean(name)}:${clean(value)}`;
  }
  if (body) lines += `\ncontent-length:${octets.encode(body).length}`;
  return `${lines}\n\n${body}\0`;
}

/** A WebSocket message to `{command, headers, body}`, or null for a heart-beat. */
export function decode(message) {
  const text = message.replace(/^[\r\n]+/, '');
  if (!text) return null;
  const split = /\r?\n\r?\n/.exec(text);
  if (!split) throw new Error('a frame without an end of headers');
  const [command, ...lines] = text.slice(0, split.index).split(/\r?\n/);
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const read = (part) => (PLAIN.has(command) ? part : part.replace(/\\[\\rnc]/g, (pair) => UNESCAPES[pair]));
    const name = read(line.slice(0, colon));
    // The first of repeated headers counts.
    if (!(name in headers)) headers[name] = read(line.slice(colon + 1));
  }
  const rest = text.slice(split.index + split[0].length);
  return { command, headers, body: rest.slice(0, rest.lastIndexOf('\0')) };
}

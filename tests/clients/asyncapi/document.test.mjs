// AsyncAPI's own parser reads the document of the sockets, and finds nothing wrong in it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Parser } from '@asyncapi/parser';

import { Server } from '../stompjs/server.mjs';

/** Of the parser's severities: an error, or a warning. */
const WARNING = 1;

let server;
before(async () => {
  server = await Server.start();
});
after(() => server.stop());

test('the document holds, and names every channel of the contract', async () => {
  const answer = await fetch(`${server.http}/asyncapi.json`);
  const { document, diagnostics } = await new Parser().parse(await answer.text());
  const wrong = diagnostics.filter(({ severity }) => severity <= WARNING);
  assert.deepEqual(wrong.map(({ path, message }) => `${path.join('/')}: ${message}`), []);
  const addresses = document.channels().all().map((channel) => channel.address()).sort();
  assert.deepEqual(addresses, [
    '/chat/pub/exit',
    '/chat/pub/join',
    '/chat/pub/leave',
    '/chat/pub/presence',
    '/chat/pub/read',
    '/chat/pub/refresh',
    '/chat/pub/send',
    '/chat/topic/presence/{roomId}',
    '/chat/topic/room/{roomId}',
    '/user/queue/replies',
  ]);
});

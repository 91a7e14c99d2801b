// The client module in a browser, with the stock client as its package brings it for pages: on a page of another origin,
// which chats with a script while the server is killed and comes back.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';

import { Api, newUser } from '../clients/stompjs/api.mjs';
import { Chatter } from '../clients/stompjs/chatter.mjs';
import { Server } from '../clients/stompjs/server.mjs';
import { until } from '../clients/stompjs/until.mjs';
import { launch } from './window.mjs';

const PAGE = `<!doctype html><title>A client's own page</title><script src="/stomp.js"></script>
<script type="module">
  import { Roomtone } from '/roomtone.js';
  window.begin = (address, token, roomId) => {
    const link = new Roomtone(new StompJs.Client({ brokerURL: address }), () => token);
    const heard = [];
    link.start();
    window.link = link;
    window.heard = heard;
    window.room = link.room(roomId, { onMessage: ({ content }) => heard.push(content) });
  };
</script>`;

const FILES = {
  '/': ['text/html', () => PAGE],
  '/stomp.js': ['text/javascript', () => readFile(new URL('../clients/node_modules/@stomp/stompjs/bundles/stomp.umd.min.js', import.meta.url))],
  '/roomtone.js': ['text/javascript', () => readFile(new URL('../../socket-node/client/roomtone.js', import.meta.url))],
};

/** Serves a client's own page; gives what ends that, and the origin. */
async function pageServer() {
  const server = createServer(async ({ url }, answer) => {
    const [type, body] = FILES[url] ?? [];
    if (!body) return answer.writeHead(404).end();
    return answer.writeHead(200, { 'content-type': type }).end(await body());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

describe('the client module in a browser', { timeout: 300_000 }, () => {
  let pages;
  let server;
  let browser;
  let page;
  let script;

  before(async () => {
    pages = await pageServer();
    server = await Server.start({ ALLOWED_ORIGINS: pages.origin });
    browser = await launch();
    page = await browser.newPage();
  });

  after(async () => {
    await script?.disconnect();
    await browser?.close();
    pages?.close();
    await server?.stop();
  });

  it('chats, and goes on where it was when the server comes back', async () => {
    const api = new Api(server);
    const [owner, visitor] = [newUser('Owner'), newUser('Visitor')];
    const { id: roomId } = await api.createRoom(owner);
    script = await Chatter.connect(server, api, owner, { atConnect: (chatter) => chatter.join(roomId) });
    await page.goto(pages.origin);
    const [address] = server.webSockets;
    await page.evaluate((given) => window.begin(...given), [address, await api.token(visitor), roomId]);
    assert.equal(await page.evaluate(async () => (await window.room.join()).room.id), roomId);
    await page.evaluate(() => window.room.say('from the page'));
    const heard = async (text) => (await page.evaluate(() => window.heard)).includes(text);
    await script.say(roomId, 'from the script');
    await until(() => heard('from the script'), 'the page hears the script');

    await server.kill();
    await page.waitForFunction(() => window.link.state !== 'online');
    const said = page.evaluate(() => window.room.say('while nobody was there'));
    await server.start();
    await said;
    await until(() => heard('while nobody was there'), 'the page hears itself');
    const all = await page.evaluate(() => window.heard.filter((text) => !text.includes('님이')));
    assert.deepEqual(all, ['from the page', 'from the script', 'while nobody was there']);
    await page.evaluate(() => window.link.stop());
  });
});

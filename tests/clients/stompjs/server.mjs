// What the tests talk to, on ports and a namespace of its own: the local run in one process, or, where
// ROOMTONE_TESTS_ON is `fleet`, several nodes on the real parts. It knows nothing of rooms or STOMP.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fleetNodes, newFleet } from './fleet.mjs';
import { Functions } from './functions.mjs';
import { Program } from './program.mjs';

/** Whether the tests run on a fleet. */
export const ON_FLEET = oneOf('ROOMTONE_TESTS_ON', 'embedded', 'fleet') === 'fleet';
const BY_LAMBDA = oneOf('ROOMTONE_TESTS_HTTP', 'roomtone', 'lambda') === 'lambda';

/** One server, however many nodes it has, over as many lives (`kill`, then `start` again) as a test wants. */
export class Server {
  /** What tokens are signed with, where the server hands none out. */
  secret = null;
  #nodes = [];
  /** Those of them that are not meant to run. */
  #down = new Set();
  #functions = null;
  #connected = 0;

  /** A server that listens, on free ports and with nothing kept. */
  static async start(environment = {}) {
    const server = new Server();
    server.data = await mkdtemp(join(tmpdir(), 'roomtone-test-'));
    try {
      await (ON_FLEET ? server.#startFleet(environment) : server.#startLocal(environment));
    } catch (problem) {
      await server.#end('SIGKILL');
      throw problem;
    }
    return server;
  }

  get http() {
    return this.#functions?.http ?? `http://127.0.0.1:${this.#nodes[0].port}`;
  }

  /** The WebSocket address of each node. */
  get webSockets() {
    return this.#nodes.map(({ port }) => `ws://127.0.0.1:${port}/ws-chat`);
  }

  /** Where the next client connects: one node after the other. */
  nextWebSocket() {
    return this.#nth((this.#connected += 1) - 1);
  }

  /** Where a client goes on that was at this address. */
  webSocketAfter(address) {
    return this.#nth(this.webSockets.indexOf(address) + 1);
  }

  /** Starts what was killed. Ports and what is kept stay what they were. */
  async start() {
    const down = [...this.#down];
    this.#down.clear();
    const started = await Promise.allSettled(down.map((node) => node.start()));
    const failure = started.find(({ status }) => status === 'rejected');
    if (failure) throw failure.reason;
  }

  /** Ends the node at this address as a machine that loses power would. */
  async kill(address = this.webSockets[0]) {
    const node = this.#nodes[this.webSockets.indexOf(address)];
    this.#down.add(node);
    await node.end('SIGKILL');
  }

  /** Ends it as an operator would, checks that it went well, and takes its data away. */
  async stop() {
    const codes = await this.#end('SIGTERM');
    const bad = [...codes].filter(([, code]) => code !== 0);
    const told = bad.map(([node, code]) => `${node.name} did not end well on SIGTERM: ${code}\n${node.log}`);
    if (told.length > 0) throw new Error(told.join('\n'));
  }

  /** The last lines that each process wrote. */
  get log() {
    const logs = this.#nodes.map(({ name, log }) => `${name}:\n${log}`);
    if (this.#functions) logs.push(`functions:\n${this.#functions.log}`);
    return logs.join('\n');
  }

  async #startLocal(environment) {
    await this.#startNodes([new Program('the server', (port) => ({
      binary: localBinary(), args: ['--port', String(port), '--data', this.data], environment, folder: this.data,
    }))]);
  }

  async #startFleet(environment) {
    const whole = { ...newFleet(), ...environment };
    await this.#startNodes(fleetNodes(whole, this.data, BY_LAMBDA));
    if (BY_LAMBDA) {
      this.secret = whole.AUTH_HS256_SECRET;
      this.#functions = await Functions.start(whole);
    }
  }

  async #startNodes(nodes) {
    this.#nodes = nodes;
    this.#down = new Set(nodes);
    await this.start();
  }

  /** Ends all there is; gives the exit code of each node that was meant to run. */
  async #end(signal) {
    await this.#functions?.stop();
    const up = this.#nodes.filter((node) => !this.#down.has(node));
    const codes = await Promise.all(up.map((node) => node.end(signal)));
    await rm(this.data, { recursive: true, force: true });
    return new Map(up.map((node, n) => [node, codes[n]]));
  }

  #nth(n) {
    return this.webSockets[n % this.#nodes.length];
  }
}

function localBinary() {
  const binary = process.env.ROOMTONE_BIN;
  if (!binary) throw new Error('ROOMTONE_BIN must name the built server; tests/run sets it');
  return binary;
}

/** One of these values of a variable; absent or empty, the first. */
function oneOf(name, ...values) {
  const value = process.env[name] || values[0];
  if (!values.includes(value)) throw new Error(`${name} must be one of: ${values.join(', ')}`);
  return value;
}

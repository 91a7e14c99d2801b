// The local run as a process of its own: started for a test on a port and a data folder of its own, and
// ended by its process id. It knows nothing of rooms or STOMP.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { DEADLINE_MS, until } from './until.mjs';

const LOG_LINES_KEPT = 200;
// What a developer has set for a server of their own must not reach the tests' one.
const ENVIRONMENT_KEPT = ['PATH', 'HOME', 'TMPDIR', 'RUST_BACKTRACE', 'RUST_LOG'];

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** One server, over as many lives (`kill`, then `start` again) as a test wants. */
export class Server {
  #child = null;
  #log = [];

  /** A server that listens, on a free port and an empty data folder. */
  static async start(environment = {}) {
    const server = new Server();
    server.data = await mkdtemp(join(tmpdir(), 'roomtone-test-'));
    server.port = 0;
    server.environment = environment;
    await server.start();
    return server;
  }

  get http() {
    return `http://127.0.0.1:${this.port}`;
  }

  get webSocket() {
    return `ws://127.0.0.1:${this.port}/ws-chat`;
  }

  /** Starts it (again), and returns once it listens. Its port and its data stay what they were. */
  async start() {
    const binary = process.env.ROOMTONE_BIN;
    if (!binary) throw new Error('ROOMTONE_BIN must name the built server; tests/run sets it');
    const child = spawn(resolve(binary), ['--port', String(this.port), '--data', this.data], {
      cwd: this.data,
      env: { ...pick(process.env, ENVIRONMENT_KEPT), ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('error', (error) => this.#keep(String(error)));
    child.once('exit', (code, signal) => this.#keep(`(ended: code ${code}, signal ${signal})`));
    child.once('close', () => running.delete(child));
    this.#child = child;
    const lines = createInterface({ input: child.stdout });
    let address = null;
    lines.on('line', (line) => {
      this.#keep(line);
      address ??= listening(line);
    });
    createInterface({ input: child.stderr }).on('line', (line) => this.#keep(line));
    try {
      await until(() => address || ended(child), 'the server listens');
    } catch (late) {
      await this.kill();
      throw new Error(`${late.message}\n${this.log}`);
    }
    if (!address) throw new Error(`the server ended before it listened\n${this.log}`);
    this.port = Number(address.slice(address.lastIndexOf(':') + 1));
  }

  /** Ends it as a machine that loses power would. */
  async kill() {
    await this.#end('SIGKILL');
  }

  /** Ends it as an operator would, checks that it went well, and takes its data away. */
  async stop() {
    const code = await this.#end('SIGTERM');
    await rm(this.data, { recursive: true, force: true });
    if (code !== 0) throw new Error(`the server did not end well on SIGTERM: ${code}\n${this.log}`);
  }

  /** The last lines that the server wrote. */
  get log() {
    return this.#log.join('\n');
  }

  async #end(signal) {
    const child = this.#child;
    if (!ended(child)) {
      const exit = once(child, 'exit');
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
      await exit;
      clearTimeout(timer);
    }
    return child.exitCode ?? child.signalCode;
  }

  #keep(line) {
    this.#log.push(line);
    if (this.#log.length > LOG_LINES_KEPT) this.#log.shift();
  }
}

const ended = (child) => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

const pick = (values, names) =>
  Object.fromEntries(names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]));

function listening(line) {
  try {
    const entry = JSON.parse(line);
    return entry.message === 'listening' ? entry.address : null;
  } catch {
    return null;
  }
}

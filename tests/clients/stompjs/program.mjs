// A program as a process of its own: started, waited for by what it writes, and ended by its process id. It knows
// nothing of what the program does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { DEADLINE_MS, until } from './until.mjs';

const LOG_LINES_KEPT = 200;
// Several are started at once, on a small machine, and make what they need where it is missing.
const START_MS = 2 * DEADLINE_MS;
// What a developer has set for a server of their own must not reach the tests' one.
const ENVIRONMENT_KEPT = ['PATH', 'HOME', 'TMPDIR', 'RUST_BACKTRACE', 'RUST_LOG'];

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Those of these values that are set. */
export const pick = (values, names) =>
  Object.fromEntries(names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]));

/** One program, over as many lives (`end`, then `start` again) as a test wants. */
export class Program {
  /** Where it listens; before its first start 0, for any port that is free. */
  port = 0;
  #command;
  #child = null;
  #address = null;
  #log = [];

  /** `command(port)` gives `{binary, args, environment, folder}`. */
  constructor(name, command) {
    this.name = name;
    this.#command = command;
  }

  /** The last lines that it wrote. */
  get log() {
    return this.#log.join('\n');
  }

  /** Starts it (again), and returns once it says that it listens. Its port stays what it was. */
  async start() {
    this.spawn();
    await this.reaches(() => this.#address, 'listens', START_MS);
    this.port = Number(this.#address.slice(this.#address.lastIndexOf(':') + 1));
  }

  /** Starts it, and leaves it to the caller to find out when it is of use. */
  spawn() {
    const { binary, args = [], environment = {}, folder } = this.#command(this.port);
    // A name with a slash is a file, one without is looked for on the PATH.
    const child = spawn(binary.includes('/') ? resolve(binary) : binary, args, {
      cwd: folder,
      env: { ...pick(process.env, ENVIRONMENT_KEPT), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('error', (error) => this.#keep(String(error)));
    child.once('exit', (code, signal) => this.#keep(`(ended: code ${code}, signal ${signal})`));
    child.once('close', () => running.delete(child));
    this.#child = child;
    this.#address = null;
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#keep(line);
      this.#address ??= listening(line);
    });
    createInterface({ input: child.stderr }).on('line', (line) => this.#keep(line));
  }

  /** Waits until `check()` gives something; ends the program, and shows its log, where it does not come to that. */
  async reaches(check, what, deadlineMs) {
    const child = this.#child;
    try {
      await until(async () => (await check()) || ended(child), `${this.name} ${what}`, deadlineMs);
    } catch (late) {
      await this.end('SIGKILL');
      throw new Error(`${late.message}\n${this.log}`);
    }
    if (!(await check())) throw new Error(`${this.name} ended before it ${what}\n${this.log}`);
  }

  /** Ends it, and gives its exit code, or the signal that it needed. */
  async end(signal) {
    const child = this.#child;
    if (child === null) return null;
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

function listening(line) {
  try {
    const entry = JSON.parse(line);
    return entry.message === 'listening' ? entry.address : null;
  } catch {
    return null;
  }
}

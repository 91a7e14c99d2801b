// The HTTP operations as Lambda functions, behind `cargo lambda watch`: one process, which builds a function when it
// is first called and starts it as Lambda would. It knows their paths and nothing of what they answer.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Program, pick } from './program.mjs';

const REPOSITORY = join(fileURLToPath(new URL('.', import.meta.url)), '../../..');
// What cargo must know to find what is built, and not build all of it anew for another profile.
const CARGO = /^(CARGO_(HOME|TARGET_DIR|NET_OFFLINE|INCREMENTAL|PROFILE_.*)|RUSTUP_(HOME|TOOLCHAIN)|RUSTFLAGS)$/;
const START_MS = 60_000;
// All that is shared is built by the first.
const BUILD_MS = 300_000;
// What it writes when a function did not build, or ended by itself. It leaves the caller waiting then.
const BROKEN = 'command exited';
// A request for each function that `api.mjs` calls. Without a token, it is answered before anything is done.
const EACH = [
  ['POST', '/v1/api/rooms/create'],
  ['GET', '/v1/api/rooms/joined'],
  ['POST', '/v1/api/rooms/exit/none'],
  ['PUT', '/v1/api/rooms/leave'],
  ['GET', '/v1/api/chat/rooms/joined/none'],
  ['GET', '/v1/api/chat/history/none'],
  ['POST', '/v1/api/chat/message'],
  ['GET', '/api/v1/presence/none/on'],
];

export class Functions {
  #program;

  /** All functions that the tests call, built and running. The nodes have run before: they make what is missing. */
  static async start(environment) {
    const functions = new Functions();
    const port = await freePort();
    functions.http = `http://127.0.0.1:${port}`;
    functions.#program = new Program('cargo lambda watch', () => ({
      binary: process.env.CARGO_LAMBDA || 'cargo-lambda',
      // Whoever edits a file meanwhile must not have a function built anew in the middle of a test.
      args: ['lambda', 'watch', '--ignore-changes', '--invoke-address', '127.0.0.1', '--invoke-port', String(port)],
      environment: { ...pick(process.env, cargoNames()), ...environment },
      folder: REPOSITORY,
    }));
    functions.#program.spawn();
    await functions.#program.reaches(() => isOpen(port), 'listens', START_MS);
    try {
      for (const [method, path] of EACH) await functions.#runs(method, path);
    } catch (problem) {
      await functions.stop();
      throw problem;
    }
    return functions;
  }

  get log() {
    return this.#program.log;
  }

  /** Ends it, and it the functions. */
  async stop() {
    await this.#program.end('SIGTERM');
  }

  /** Asks once, and waits however long the function takes to be built. */
  async #runs(method, path) {
    let answer = null;
    const asked = fetch(this.http + path, { method });
    asked.then(({ status }) => (answer = String(status)), (problem) => (answer = `${problem.cause ?? problem}`));
    const isSettled = () => answer !== null || this.log.includes(BROKEN);
    await this.#program.reaches(isSettled, `has a function for ${method} ${path}`, BUILD_MS);
    if (answer !== '401') {
      throw new Error(`${method} ${path} is to ask for a token; it says ${answer ?? 'nothing'}\n${this.log}`);
    }
  }
}

const cargoNames = () => Object.keys(process.env).filter((name) => CARGO.test(name));

/** A port that was free a moment ago: it is told its port, and does not tell one. */
async function freePort() {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address();
  taken.close();
  await once(taken, 'close');
  return port;
}

async function isOpen(port) {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

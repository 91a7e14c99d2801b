// Waiting for a condition instead of for a time.
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

/** How long a condition may take before the test fails, in ms. Generous: a small machine may be busy. */
export const DEADLINE_MS = 30_000;
const LOOK_AGAIN_MS = 15;

/**
 * Waits until `check()` (it may be async) gives something truthy, and gives that. `what` (a text, or what makes
 * one when it is needed) names the condition in the failure.
 */
export async function until(check, what, deadlineMs = DEADLINE_MS) {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (performance.now() > endMs) {
      throw new Error(`after ${deadlineMs / 1000} s still not so: ${typeof what === 'function' ? what() : what}`);
    }
    await delay(LOOK_AGAIN_MS);
  }
}

/**
 * Reads until what is read is `wanted`. For what follows the log: in one process it is there at once, in a fleet a
 * moment after the RECEIPT.
 */
export async function becomes(read, wanted, what) {
  let found;
  const isThere = async () => isDeepStrictEqual((found = await read()), wanted);
  await until(isThere, () => `${what}: ${JSON.stringify(found)} is to be ${JSON.stringify(wanted)}`);
}

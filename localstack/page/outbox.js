// My messages on their way: kept until they show in the room, sent again after a lost connection under the
// same clientMessageId, so that a repeat is never shown twice. It draws nothing.
import { live, Refused } from './live.js';
import { serverNow } from './time.js';

// The server knows a repeat for 5 minutes. What is older is left to its sender to send again.
const AUTO_RESEND_MAX_MS = 4 * 60_000;
const RECEIPT_TIMEOUT_MS = 20_000;

class Outbox {
  #roomId;
  #onChange;
  #isShown;
  #onRefused;
  /** `{clientMessageId, id?, content, createdAt, state: 'pending' | 'sent' | 'failed', reason?}`, oldest first. */
  entries = [];

  constructor(roomId) {
    this.#roomId = roomId;
  }

  /** Which screen shows it now: `isShown(id)` tells whether a message id is in the log already. */
  attach(onChange, isShown, onRefused) {
    this.#onChange = onChange;
    this.#isShown = isShown;
    this.#onRefused = onRefused;
  }

  write(content) {
    const entry = { clientMessageId: newId(), content, createdAt: new Date(serverNow()).toISOString(), writtenAtMs: performance.now() };
    this.entries.push(entry);
    this.#attempt(entry);
  }

  retry(entry) {
    this.#attempt(entry);
  }

  discard(entry) {
    this.entries = this.entries.filter((other) => other !== entry);
    this.#onChange();
  }

  /** Lets go of what now shows in the room. */
  settle(messages) {
    const shown = new Set(messages.flatMap(({ id, clientMessageId }) => [id, clientMessageId]));
    this.entries = this.entries.filter((entry) => !shown.has(entry.clientMessageId) && !shown.has(entry.id));
  }

  /** Once connected again: what has no receipt goes out once more. */
  resend() {
    for (const entry of this.entries.filter(({ state }) => state === 'pending')) {
      if (performance.now() - entry.writtenAtMs < AUTO_RESEND_MAX_MS) this.#attempt(entry);
      else this.#to(entry, 'failed');
    }
  }

  async #attempt(entry) {
    this.#to(entry, 'pending');
    const timer = setTimeout(() => live.status === 'online' && entry.state === 'pending' && this.#to(entry, 'failed'), RECEIPT_TIMEOUT_MS);
    try {
      const { clientMessageId, content } = entry;
      const receipt = await live.send('/chat/pub/send', { roomId: this.#roomId, content, clientMessageId });
      // A repeat is not shown again: its receipt names the first one, which may be in the log already.
      if (this.#isShown(receipt['message-id'])) this.discard(entry);
      else {
        entry.id = receipt['message-id'];
        this.#to(entry, 'sent');
      }
    } catch (problem) {
      // A lost connection is no verdict: it stays pending and goes out again.
      if (!(problem instanceof Refused)) return;
      this.#to(entry, 'failed', problem);
      this.#onRefused(problem);
    } finally {
      clearTimeout(timer);
    }
  }

  #to(entry, state, reason = null) {
    Object.assign(entry, { state, reason });
    this.#onChange();
  }
}

function newId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

// Outboxes outlive the screen: what failed is still there when its room is entered again.
const outboxes = new Map();
export function outboxOf(roomId) {
  if (!outboxes.has(roomId)) outboxes.set(roomId, new Outbox(roomId));
  return outboxes.get(roomId);
}
export const forgetOutboxes = () => outboxes.clear();

// Writes that must not get lost: kept until the server has them, sent again with the same
// idempotency key, one after another.

import { Refusal, Trouble } from "./api.js";
import { backoff } from "./live.js";
import { keep, kept } from "./store.js";

const PLACE = "outbox";

/** A key for one write; sending it again with the same key writes nothing new. */
export const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

/**
 * `onCount(n)` is told how many writes wait for the line; `onRefused(write, problem)` what the
 * server will never take.
 */
export function createOutbox({ api, onCount, onRefused }) {
  let waiting = kept(PLACE, []);
  const callers = new Map(); // key -> resolve of who still waits for the answer
  let running = false;
  let attempts = 0;
  let timer = 0;

  function changed() {
    keep(PLACE, waiting);
    onCount(waiting.length);
  }

  async function run() {
    if (running) return;
    running = true;
    clearTimeout(timer);
    while (waiting.length > 0) {
      const [write] = waiting;
      try {
        const answer = await api.send(write.method, write.path, write.body, write.key);
        attempts = 0;
        settle(write, { answer });
      } catch (error) {
        if (error instanceof Refusal) {
          onRefused(write, error);
          settle(write, { refused: error });
          continue;
        }
        const after = error instanceof Trouble ? error.after : 0;
        letGo();
        timer = setTimeout(run, Math.max(after, backoff(attempts++)));
        break;
      }
    }
    running = false;
  }

  function letGo() {
    for (const resolve of callers.values()) resolve({ isKept: true });
    callers.clear();
  }

  function settle(write, result) {
    waiting = waiting.filter((other) => other.key !== write.key);
    changed();
    callers.get(write.key)?.(result);
    callers.delete(write.key);
  }

  addEventListener("online", () => {
    attempts = 0;
    run();
  });
  onCount(waiting.length);
  if (waiting.length > 0) setTimeout(run);

  return {
    /**
     * Send a write. Resolves to `{answer}`, `{refused}`, or `{isKept: true}` when there is no
     * line: then it goes out by itself later.
     */
    send(method, path, body) {
      const write = { method, path, body, key: newKey() };
      waiting.push(write);
      changed();
      return new Promise((resolve) => {
        callers.set(write.key, resolve);
        run();
      });
    },
    /** Nobody who waits for an answer gets one soon; what was written goes out later. */
    letGo,
    again() {
      attempts = 0;
      run();
    },
  };
}

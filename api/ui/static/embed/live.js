// Pushes of one interaction: a stream that comes back by itself.

import { Refusal } from "./api.js";

const SILENCE = 40_000; // milliseconds without a byte: the line is dead (a ping comes each 15 s)
const HIDDEN = 60_000; // milliseconds in the background before the line is let go
const LONGEST = 30_000;

/** Milliseconds to wait before attempt `n`, from 0: twice as long each time, and never together. */
export function backoff(n) {
  return Math.min(LONGEST, 500 * 2 ** n) * (0.5 + Math.random());
}

/** Server-sent events out of a stream of bytes: calls `take({event, data})` for each. */
export async function readEvents(body, take, alive = () => {}) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    rest += value;
    const events = rest.split(/\r?\n\r?\n/);
    rest = events.pop();
    for (const event of events) {
      const found = { event: "message", data: "" };
      for (const line of event.split(/\r?\n/)) {
        const [, name, said] = /^(\w+): ?(.*)$/.exec(line) ?? [];
        if (name === "event") found.event = said;
        if (name === "data") found.data += said;
      }
      take(found);
    }
  }
}

/**
 * Follow an interaction: `onView(view)` with each push, `onState("live" | "connecting" | "lost")`,
 * `onGone(problem)` when the server will not show it. Gives `{close, again}`.
 */
export function follow({ api, id, onView, onState, onGone }) {
  let control = null; // of the line that is open
  let wake = () => {}; // ends a wait
  let isOver = false;
  let attempts = 0;
  let hidden = 0;

  const pause = (time) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, time);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  async function listen() {
    control = new AbortController();
    let expired = false;
    let silence = 0;
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(() => control.abort(), SILENCE);
    };
    alive();
    try {
      const response = await api.stream(`/api/v1/interactions/${id}/events`, control.signal);
      await readEvents(
        response.body,
        ({ event, data }) => {
          if (event === "expired") expired = true;
          if (event !== "view") return;
          attempts = 0;
          onState("live");
          onView(JSON.parse(data));
        },
        alive,
      );
    } finally {
      clearTimeout(silence);
      control.abort();
    }
    return expired;
  }

  async function run() {
    while (!isOver) {
      onState(attempts < 2 ? "connecting" : "lost");
      try {
        if (await listen()) {
          await api.renew();
          continue;
        }
      } catch (error) {
        if (error instanceof Refusal && !isOver) {
          onGone(error);
          return;
        }
      }
      if (isOver) return;
      if (hidden) await pause(3_600_000);
      else await pause(backoff(attempts++));
    }
  }

  function again() {
    if (isOver) return;
    attempts = 0;
    wake();
  }

  let timer = 0;
  function onVisibility() {
    clearTimeout(timer);
    if (document.visibilityState === "hidden") {
      // Browsers open six lines to one server: tabs in the background must not hold them all.
      timer = setTimeout(() => {
        hidden = 1;
        control?.abort();
      }, HIDDEN);
    } else if (hidden) {
      hidden = 0;
      again();
    }
  }

  addEventListener("online", again);
  document.addEventListener("visibilitychange", onVisibility);
  run();
  return {
    again,
    close() {
      isOver = true;
      clearTimeout(timer);
      removeEventListener("online", again);
      document.removeEventListener("visibilitychange", onVisibility);
      control?.abort();
      wake();
    },
  };
}

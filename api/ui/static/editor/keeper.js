// Keeps what is typed: in this browser with every key, on the server with every pause. The order
// of things is told by the server's sequence alone, never by a clock.

import { json, NoLine, Refusal, SignedOut } from "./api.js";
import { now, said, text } from "./words.js";

const PAUSE = 700; // milliseconds after the last key
const MOST = 3_000; // milliseconds that typing without a pause is kept back
const LATER = [1_500, 3_000, 6_000, 12_000, 20_000]; // milliseconds between attempts
const SEND_AT_ONCE = 50_000; // bytes that a page may still send while it closes
const MAX_CHARACTERS = 800_000; // of a text in the making: api/schemas/revisions.py
const MAX_BYTES = 980_000; // of a request, with what else is in it

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const plain = ({ title, summary, body, keywords }) => ({ title, summary, body, keywords });

export function createKeeper({ start, place, read, write, copies, show, conflict, follow, extra, restoreExtra }) {
  let path = `/api/v1/edits/${place}/${start.language}`;
  let base = start.base;
  let sequence = start.sequence;
  let held = null; // the text that the server has, as far as is known
  let unsure = null; // sent, and no answer came: the server may have it or not
  let busy = null; // the request in hand
  let inHand = null; // what it sends
  let attempts = 0;
  let timer = 0;
  let firstKey = 0; // when what waits began to wait, by a clock that is never put back
  let stopped = ""; // why nothing is sent: conflict, person, refused
  let isDirty = false;

  const current = () => plain(read());

  function begin() {
    held = current();
  }

  function copy() {
    const kept = copies.put({ text: current(), after: sequence, base, unsure: unsure ?? inHand, extra: extra(), dirty: isDirty });
    void kept.then((done) => {
      if (!done) show("bad", text("not_kept"));
    });
  }

  /** A key was pressed, or a button changed the text. */
  function changed() {
    isDirty = true;
    if (stopped === "refused") stopped = "";
    const size = read().body.length;
    if (size < 200_000) copy();
    else soonCopy();
    if (!stopped && attempts === 0) show("busy", text("typing"));
    const waited = firstKey ? performance.now() - firstKey : 0;
    firstKey ||= performance.now();
    plan(waited > MOST ? 0 : PAUSE);
  }

  let copyTimer = 0;
  function soonCopy() {
    clearTimeout(copyTimer);
    copyTimer = setTimeout(copy, 400);
  }

  function plan(after) {
    if (attempts && after < LATER[0]) return; // an attempt is planned already
    clearTimeout(timer);
    timer = setTimeout(() => void send(), after);
  }

  const tooLarge = (given) => given.body.length > MAX_CHARACTERS || new Blob([JSON.stringify(given)]).size > MAX_BYTES;

  /** Send what there is; one request at a time. Gives whether the server has it all. */
  async function send() {
    if (busy) await busy;
    if (stopped) return false;
    const given = unsure ?? current();
    if (!unsure && same(given, held)) return done();
    if (tooLarge(given)) {
      unsure = null;
      copy();
      show("bad", text("too_large_here"));
      return false;
    }
    busy = put(given).finally(() => {
      busy = null;
    });
    const isKept = await busy;
    if (isKept && !same(current(), held)) return send();
    return isKept && done();
  }

  async function put(given) {
    const waits = firstKey;
    firstKey = 0;
    inHand = given;
    try {
      const kept = await json("PUT", path, { ...given, base_number: base, after: sequence });
      inHand = null;
      took(given, kept.sequence);
      if (!same(current(), given)) copy(); // it goes on from this answer now
      return true;
    } catch (error) {
      inHand = null;
      firstKey = waits;
      return failed(error, given);
    }
  }

  function took(given, number) {
    sequence = number;
    held = given;
    unsure = null;
    attempts = 0;
  }

  async function failed(error, given) {
    if (error instanceof NoLine) {
      unsure = given;
      copy();
      again(error.after);
      show("warn", text(error.status ? "kept_here_busy" : "kept_here"));
      return false;
    }
    if (error instanceof SignedOut) {
      copy();
      if (error.other) stopped = "person";
      else again();
      show("bad", said(error), error.other ? "" : "sign_in");
      return false;
    }
    if (!(error instanceof Refusal)) throw error;
    if (error.status === 409 && error.details.reason === "text") return disagreed(error, given);
    if (await follow(error)) return put(given);
    copy();
    stopped = "refused";
    show("bad", `${said(error)} ${text("kept_here_only")}`);
    return false;
  }

  /** Another tab or machine went on with the text, or it is our own of which no answer came. */
  async function disagreed(error, given) {
    const { saved, sequence: number } = error.details;
    if (unsure && same(plain(saved), unsure)) {
      took(unsure, number);
      return put(current());
    }
    if (same(plain(saved), given)) {
      took(given, number);
      return true;
    }
    unsure = null;
    stopped = "conflict";
    copy();
    show("bad", text("two_versions"), "choose");
    conflict("tab", error.details);
    return false;
  }

  function again(after = 0) {
    const wait = Math.max(after, LATER[Math.min(attempts, LATER.length - 1)]);
    attempts += 1;
    clearTimeout(timer);
    timer = setTimeout(() => void send(), wait);
  }

  function done() {
    if (same(current(), held)) {
      isDirty = false;
      attempts = 0;
      firstKey = 0;
      if (start.article) copies.drop();
      else copy(); // the details of a new article are nowhere else
      show("good", text("kept", { time: now() }));
      copies.say("typed", { sequence });
    }
    return true;
  }

  /** Try now: the line may be back, or somebody signed in again. */
  function retry() {
    if (stopped === "person" || stopped === "refused") stopped = "";
    if (!attempts && !isDirty) return;
    attempts = 0;
    plan(0);
  }

  /** A tab that is no more left this: its text is put back. Gives whether it was. */
  async function recover() {
    const left = await copies.left();
    const worth = left.filter((one) => one.dirty && one.text && !same(one.text, current()));
    // The one that knew most of the server; of two, the longer one.
    worth.sort((a, b) => b.after - a.after || b.text.body.length - a.text.body.length);
    const [best, ...others] = worth;
    const details = best ?? left.find((one) => one.extra);
    if (details?.extra) restoreExtra(details.extra);
    if (best) {
      write(best.text);
      if (best.after !== sequence || best.base !== base) unsure = null;
      // What that tab went on from: if the server has moved on since, it says so with both texts.
      sequence = best.after > 0 || start.sequence > 0 ? best.after : sequence;
      unsure = best.unsure && !same(best.unsure, best.text) ? best.unsure : null;
      base = best.base ?? base;
      isDirty = true;
      copy();
      plan(0);
    }
    for (const one of left) if (!others.includes(one)) await copies.forget(one);
    return { put: best !== undefined, more: others };
  }

  function leaving() {
    if (!isDirty) return;
    copy();
    if (stopped || unsure || busy) return;
    const given = current();
    if (same(given, held)) return;
    const body = { ...given, base_number: base, after: sequence };
    if (new Blob([JSON.stringify(body)]).size > SEND_AT_ONCE) return;
    unsure = given; // no answer will be read
    copy();
    json("PUT", path, body, { keepalive: true }).then(
      (kept) => took(given, kept.sequence),
      () => {},
    );
  }

  addEventListener("pagehide", () => {
    leaving();
    copies.end();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") leaving();
    else retry();
  });
  addEventListener("online", retry);
  addEventListener("focus", retry);
  addEventListener("beforeunload", (event) => {
    if (isDirty && (stopped || attempts)) event.preventDefault();
  });

  return {
    begin,
    changed,
    flush: send,
    retry,
    recover,
    get base() {
      return base;
    },
    get isDirty() {
      return isDirty;
    },
    get isStopped() {
      return stopped !== "";
    },
    /** The server has this text as a version. */
    saved(number) {
      base = number;
      held = current();
      isDirty = false;
      unsure = null;
      firstKey = 0;
      attempts = 0;
      stopped = "";
      clearTimeout(timer);
      copies.drop();
      copies.say("saved", { number });
    },
    /** The person has chosen: go on from what the other one had. */
    chosen(given, details) {
      sequence = details.sequence ?? sequence;
      if (details.number !== undefined) base = details.number;
      else base = Math.max(base, details.base_number ?? 0);
      stopped = "";
      write(given);
      changed();
      plan(0);
    },
    stop(why) {
      stopped = why;
    },
    /** The article has another key: what is typed is kept under that one. */
    moveTo(key) {
      path = `/api/v1/edits/${key}/${start.language}`;
      copies.moveTo(`${key}.${start.language}`);
      if (isDirty) copy();
    },
    async discard() {
      clearTimeout(timer);
      if (busy) await busy;
      await json("DELETE", path);
      isDirty = false;
      copies.drop();
      copies.say("discarded");
    },
  };
}

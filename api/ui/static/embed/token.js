// The sidebar's credential: a widget token of five minutes, renewed while the sidebar is open.
//
//   const tokens = createTokens();
//   await tokens.bearer()              the token for `Authorization: Bearer …`; waits while nobody
//                                      is signed in. Empty on a server with open access: send no
//                                      header then
//   await tokens.renewIfNeeded(token)  with a token that the server refused (401) or that ran out:
//                                      see to another one. Without it: only when it is due
//   tokens.onSignInNeeded(callback)    callback({ reason, signIn }): nobody is signed in (any more);
//                                      reason is "signed_out", "expired" or "unreachable".
//                                      Call signIn() in the click itself: it opens a window. It
//                                      resolves to true when somebody is signed in
//   tokens.onSignedIn(callback)        there is a token (again)
//
// Where it comes from, in this order: the page itself (the server knew who it is, by the host's
// signature, a session, or a cookie that remembers the sidebar inside this site), the server of the
// host, the session of whoever is signed in on this very site, and last a window of our own.

import { dated, handed } from "./hosts/credential.js";
import { frame, warnOnce } from "./hosts/frame.js";
import { hostToken, onOffer } from "./hosts/offer.js";
import { askInWindow } from "./hosts/window.js";

const TOKENS = "/api/v1/widget-tokens";
const SOON = 60_000; // milliseconds before its end at which a token is renewed
const LAST = 5_000; // milliseconds before its end at which it is not used any more
const AGAIN = [1_000, 2_000, 5_000, 10_000, 20_000]; // milliseconds between attempts

class Refused extends Error {}

async function ask(path, options = {}) {
  const response = await fetch(path, {
    ...options,
    headers: { accept: "application/json", ...options.headers },
    credentials: "same-origin",
    cache: "no-store",
  });
  if (response.ok) return response.json();
  if (response.status === 429 || response.status >= 500) throw new Error(`${response.status}`);
  throw new Refused(`${response.status}`);
}

function post(path, body, headers) {
  const json = body === undefined ? {} : { "content-type": "application/json" };
  const text = body === undefined ? undefined : JSON.stringify(body);
  return ask(path, { method: "POST", body: text, headers: { ...json, ...headers } });
}

/** A token by the session of this browser; null when nobody is signed in as far as we see. */
async function bySession() {
  const who = await ask("/api/v1/session");
  if (who.kind === "open_access") return { text: "", ends: Infinity };
  if (!who.csrf || frame.origin === null) return null;
  const made = await post(TOKENS, { origin: frame.origin }, { "x-csrf-token": who.csrf });
  return dated(made.token);
}

/** Ask for a cookie, so that the next sidebar inside this site need not ask the person again. */
function remember({ text }) {
  const headers = { authorization: `Bearer ${text}` };
  fetch(`${TOKENS}/keep`, { method: "POST", headers, credentials: "same-origin" }).catch(() => {});
}

const left = (token) => (token === null ? -Infinity : token.ends - Date.now());

class Tokens {
  constructor() {
    this.current = null;
    this.hadOne = false;
    this.asksHost = true;
    this.seeking = null; // a promise while a token is being found
    this.waiting = []; // who waits for one
    this.needed = new Set();
    this.signedIn = new Set();
    this.reason = null; // why nobody is signed in; null while somebody is, or may be
    this.timer = 0;
    addEventListener("online", () => this.wake());
    addEventListener("visibilitychange", () => this.wake());
    onOffer((found) => {
      if (!this.isGood()) this.take(found);
    });
  }

  async bearer() {
    await this.renewIfNeeded();
    if (this.isGood()) return this.current.text;
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  isGood() {
    return left(this.current) > LAST;
  }

  async renewIfNeeded(refused) {
    if (refused && refused === this.current?.text) {
      // A new one of the host that is not good: its next one would not be either.
      this.asksHost &&= Date.now() - this.current.since > SOON;
      this.current = null;
    }
    if (!this.isGood()) {
      if (this.reason === null) await this.seek();
    } else if (left(this.current) < SOON) this.seek();
  }

  /** The line or the window is back: look again, also after having given up for lack of a line. */
  wake() {
    if (document.visibilityState !== "visible") return;
    if (this.reason === "unreachable") this.reason = null;
    this.renewIfNeeded();
  }

  /** Find a token; one search at a time. */
  seek() {
    this.seeking ??= this.find().finally(() => {
      this.seeking = null;
    });
    return this.seeking;
  }

  async find() {
    for (const pause of [...AGAIN, null]) {
      try {
        const found = (await this.renewed()) ?? this.given() ?? (await this.ofHost());
        this.settle(found ?? (await bySession()), "signed_out");
        return;
      } catch (error) {
        if (error instanceof Refused) this.settle(null, "signed_out");
        else if (pause === null) this.settle(null, "unreachable");
        if (error instanceof Refused || pause === null) return;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /** What came with the page; it is tried once. */
  given() {
    const found = handed();
    return left(found) > LAST ? found : null;
  }

  async ofHost() {
    return this.asksHost ? hostToken() : null;
  }

  async renewed() {
    if (!this.isGood() || this.current.text === "") return null;
    const headers = { authorization: `Bearer ${this.current.text}` };
    try {
      const next = dated((await post(`${TOKENS}/renew`, undefined, headers)).token);
      return left(next) > left(this.current) ? next : this.current;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.current = null;
      return null;
    }
  }

  settle(found, reason) {
    if (found !== null) {
      this.take(found);
      return;
    }
    this.reason = this.hadOne && reason === "signed_out" ? "expired" : reason;
    for (const callback of this.needed) callback(this.told());
  }

  told() {
    return { reason: this.reason, signIn: () => this.signIn() };
  }

  take(found) {
    const wasOut = this.reason !== null;
    this.current = { ...found, since: Date.now() };
    this.hadOne = true;
    this.reason = null;
    clearTimeout(this.timer);
    const due = Math.max(left(found) - SOON, SOON / 4);
    if (Number.isFinite(due)) this.timer = setTimeout(() => this.renewIfNeeded(), due);
    for (const resolve of this.waiting.splice(0)) resolve(found.text);
    if (wasOut) for (const callback of this.signedIn) callback();
  }

  /** Let the person sign in in a window of our own. True when there is a token. */
  async signIn() {
    if (this.reason === "unreachable") {
      this.reason = null;
      await this.seek();
      return this.isGood();
    }
    const found = await askInWindow(frame.origin);
    if (found !== null) {
      this.take(found);
      remember(found);
    }
    return this.isGood();
  }

  onSignInNeeded(callback) {
    this.needed.add(callback);
    if (this.reason !== null) callback(this.told());
    return () => this.needed.delete(callback);
  }

  onSignedIn(callback) {
    this.signedIn.add(callback);
    return () => this.signedIn.delete(callback);
  }
}

let tokens = null;

/** The tokens of this page; the same at every call. */
export function createTokens() {
  if (tokens === null && frame.isFramed && frame.origin === null) {
    warnOnce("embedder", "the browser does not tell whose page this is: waiting for its message.");
  }
  tokens ??= new Tokens();
  return tokens;
}

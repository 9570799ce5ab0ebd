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
//                                      Call signIn() from a click or a key: it opens a window
//   tokens.onSignedIn(callback)        there is a token (again)
//
// Where it comes from, in this order: the page itself (the server knew who it is), the session of
// whoever is signed in on this very site, the server of the host, a window of our own to sign in.

import { frame, served, warnOnce } from "./hosts/frame.js";

const TOKENS = "/api/v1/widget-tokens";
const SOON = 60_000; // milliseconds before its end at which a token is renewed
const LAST = 5_000; // milliseconds before its end at which it is not used any more
const AGAIN = [1_000, 2_000, 5_000, 10_000, 20_000]; // milliseconds between attempts

class Refused extends Error {}

/** What a token says of itself; null when it is none. The server checks it, we only look. */
function claimsOf(text) {
  try {
    const part = text.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return Number.isFinite(claims.exp) && Number.isFinite(claims.iat) ? claims : null;
  } catch {
    return null;
  }
}

/** A token with the end of its life by the clock of this machine, which may be a wrong one. */
function dated(text) {
  const claims = claimsOf(text);
  return claims === null ? null : { text, ends: Date.now() + (claims.exp - claims.iat) * 1000 };
}

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
  if (frame.origin === null) return null;
  const who = await ask("/api/v1/session");
  if (who.kind === "open_access") return { text: "", ends: Infinity };
  if (!who.csrf) return null;
  const made = await post(TOKENS, { origin: frame.origin }, { "x-csrf-token": who.csrf });
  return dated(made.token);
}

class Tokens {
  constructor() {
    this.current = null;
    this.seeking = null; // a promise while a token is being found
    this.waiting = []; // who waits for one
    this.needed = new Set();
    this.signedIn = new Set();
    this.reason = null;
    this.timer = 0;
    addEventListener("online", () => this.renewIfNeeded());
    addEventListener("visibilitychange", () => this.renewIfNeeded());
  }

  async bearer() {
    await this.renewIfNeeded();
    if (this.isGood()) return this.current.text;
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  isGood() {
    return this.current !== null && Date.now() < this.current.ends - LAST;
  }

  async renewIfNeeded(refused) {
    if (refused && refused === this.current?.text) this.current = null;
    if (this.isGood()) {
      if (Date.now() > this.current.ends - SOON) this.seek();
      return;
    }
    if (this.reason === null) await this.seek();
  }

  /** Find a token; one search at a time. */
  seek() {
    this.seeking ??= this.find().finally(() => {
      this.seeking = null;
    });
    return this.seeking;
  }

  async find() {
    for (let attempt = 0; ; attempt += 1) {
      try {
        this.keep((await this.renewed()) ?? (await handed()) ?? (await bySession()));
        return;
      } catch (error) {
        if (error instanceof Refused || attempt >= AGAIN.length) {
          this.keep(null, error instanceof Refused ? "signed_out" : "unreachable");
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, AGAIN[attempt]));
      }
    }
  }

  async renewed() {
    if (!this.isGood() || this.current.text === "") return null;
    const headers = { authorization: `Bearer ${this.current.text}` };
    try {
      return dated((await post(`${TOKENS}/renew`, undefined, headers)).token);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.current = null;
      this.hadOne = true;
      return null;
    }
  }

  keep(found, reason = "signed_out") {
    if (found === null) {
      this.reason = this.hadOne && reason === "signed_out" ? "expired" : reason;
      const told = { reason: this.reason, signIn: () => this.signIn() };
      for (const callback of this.needed) callback(told);
      return;
    }
    this.current = found;
    this.hadOne = true;
    const wasOut = this.reason !== null;
    this.reason = null;
    this.plan();
    for (const resolve of this.waiting.splice(0)) resolve(found.text);
    if (wasOut) for (const callback of this.signedIn) callback();
  }

  plan() {
    clearTimeout(this.timer);
    const left = this.current.ends - Date.now() - SOON;
    if (Number.isFinite(left)) this.timer = setTimeout(() => this.seek(), Math.max(left, 5_000));
  }

  /** Look again; where that finds nobody, let the person sign in. True when there is a token. */
  async signIn() {
    this.reason = null;
    await this.seek();
    return this.isGood();
  }

  onSignInNeeded(callback) {
    this.needed.add(callback);
    if (this.reason !== null) callback({ reason: this.reason, signIn: () => this.signIn() });
    return () => this.needed.delete(callback);
  }

  onSignedIn(callback) {
    this.signedIn.add(callback);
    return () => this.signedIn.delete(callback);
  }
}

// --- tokens that somebody else brings ---

let tokens = null;
let offered = null;
let wanted = null;

/** The token that came with the page, or that the host's server gave; each is taken once. */
async function handed() {
  const given = served().token;
  if (typeof given === "string") {
    const meta = document.querySelector('meta[name="potica-embed"]');
    meta.content = JSON.stringify({ ...served(), token: undefined });
    return dated(given);
  }
  if (offered === null && wanted !== null) wanted();
  const taken = offered;
  offered = null;
  return taken;
}

/**
 * A token from the host's own server, by way of its page. Taken only when it was made for exactly
 * the origin that the message came from.
 */
export function offerToken(text, origin) {
  const claims = typeof text === "string" ? claimsOf(text) : null;
  if (claims === null || origin === null || claims.origin !== origin) {
    warnOnce("token", "a token of the host is none, or was made for another site: not taken.");
    return;
  }
  offered = dated(text);
  if (tokens !== null && !tokens.isGood()) tokens.signIn();
}

/** `ask()` is called whenever a token of the host's server would be welcome. */
export function whenTokenWanted(asker) {
  wanted = asker;
}

export function createTokens() {
  tokens ??= new Tokens();
  return tokens;
}

// Widget tokens as texts: what they say of themselves, and the one that came with the page.

import { frame, served } from "./frame.js";

const MOST = 4_000; // characters

/** What a token says of itself; null when it is none. The server checks it, we only look. */
export function claimsOf(text) {
  try {
    if (typeof text !== "string" || text.length > MOST) return null;
    const part = text.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    const isToken = Number.isFinite(claims.exp) && Number.isFinite(claims.iat);
    return isToken && typeof claims.origin === "string" ? claims : null;
  } catch {
    return null;
  }
}

/** A token with the end of its life by the clock of this machine, which may be a wrong one. */
export function dated(text) {
  const claims = claimsOf(text);
  return claims === null ? null : { text, ends: Date.now() + (claims.exp - claims.iat) * 1000 };
}

/** The token that came with the page; once. */
export function handed() {
  const values = served();
  if (values.token === undefined) return null;
  const meta = document.querySelector('meta[name="potica-embed"]');
  meta.content = JSON.stringify({ ...values, token: undefined });
  const isForUs = frame.origin === null || claimsOf(values.token)?.origin === frame.origin;
  return isForUs ? dated(values.token) : null;
}

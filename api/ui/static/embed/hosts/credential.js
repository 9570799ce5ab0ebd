// Widget tokens as texts: what they say of themselves, and the one that this browser keeps.

import { frame, served } from "./frame.js";

const MOST = 4_000; // characters
const name = () => `potica-widget ${frame.origin}`;

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
  return dated(values.token);
}

// A helpdesk makes the frame of a sidebar anew for every conversation. What is kept is good for
// five minutes, is only seen inside the same site (browsers keep such storage apart by the site
// at the top), and by pages of this server alone.

let hasLooked = false;

/** The token of a sidebar that was here a moment ago; once. */
export function kept() {
  if (hasLooked) return null;
  hasLooked = true;
  try {
    const { text, ends } = JSON.parse(localStorage.getItem(name())) ?? {};
    const isOurs = claimsOf(text)?.origin === frame.origin;
    return isOurs && Number.isFinite(ends) ? { text, ends } : null;
  } catch {
    return null; // a browser without storage, or somebody else's text
  }
}

/** Keep a token for the next sidebar in this site. On our own pages there is the session. */
export function keep({ text, ends }) {
  if (frame.origin === null || frame.origin === location.origin || text === "") return;
  try {
    localStorage.setItem(name(), JSON.stringify({ text, ends }));
  } catch {
    // a browser without storage: the next sidebar asks again
  }
}

export function forget() {
  try {
    localStorage.removeItem(name());
  } catch {
    // nothing was kept
  }
}

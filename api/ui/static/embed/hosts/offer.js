// Tokens that the host's own server made (POST /api/v1/widget-tokens with an API key) and that its
// page passes on as `potica.token`. Taken only when made for the very origin that sent it.

import { claimsOf, dated } from "./credential.js";
import { warnOnce } from "./frame.js";

const PATIENCE = 8_000; // milliseconds for the host's server to answer
const comes = new URLSearchParams(location.search).get("token") === "host";

let asker = null; // asks the host for a token
let waiting = null; // takes the token that was asked for
const takers = new Set();

/** A message `potica.token` came from `origin`. */
export function offerToken(text, origin) {
  const claims = claimsOf(text);
  if (claims === null || origin === null || claims.origin !== origin) {
    warnOnce("token", "a token of the host is none, or was made for another site: not taken.");
    return;
  }
  const found = dated(text);
  if (waiting !== null) waiting(found);
  else for (const taker of takers) taker(found);
}

/** `ask()` is called whenever a token of the host's server would be welcome. */
export function whenTokenWanted(ask) {
  asker = ask;
  if (waiting !== null) ask();
}

/** `taker(token)` gets tokens that nobody asked for. */
export function onOffer(taker) {
  takers.add(taker);
}

/** A token of the host's server, where its page said that it gives some; null when none comes. */
export function hostToken() {
  if (!comes) return null;
  return new Promise((resolve) => {
    const timer = setTimeout(() => waiting(null), PATIENCE);
    waiting = (found) => {
      clearTimeout(timer);
      waiting = null;
      resolve(found);
    };
    asker?.();
  });
}

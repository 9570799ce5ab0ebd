// A window of our own in which a person signs in and lets the sidebar into the site around it. It
// answers by a message that only pages of this very server get, with the state that we made up.

import { claimsOf, dated } from "./credential.js";
import { warnOnce } from "./frame.js";

const LOOK = 500; // milliseconds between looks whether the window was closed
const SIZE = "popup,width=480,height=720";

function madeUp() {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

/** A token for `origin`, or null: the window was closed, or the browser let none be opened. */
export async function askInWindow(origin) {
  if (origin === null) return null;
  const state = madeUp();
  const query = new URLSearchParams({ origin, state });
  const opened = window.open(`/embed/sign-in?${query}`, "potica-sign-in", SIZE);
  if (opened === null) {
    warnOnce("window", "the browser let no window be opened: allow it for this site.");
    return null;
  }
  return answer(opened, { origin, state });
}

function answer(opened, { origin, state }) {
  return new Promise((resolve) => {
    const finish = (found) => {
      removeEventListener("message", take);
      clearInterval(timer);
      resolve(found);
    };
    const take = (event) => {
      if (event.origin !== location.origin || event.source !== opened) return;
      const { type, state: told, token } = event.data ?? {};
      if (type !== "potica.signed_in" || told !== state) return;
      finish(claimsOf(token)?.origin === origin ? dated(token) : null);
    };
    const timer = setInterval(() => {
      // The message may still be on its way when the window is gone.
      if (opened.closed) setTimeout(() => finish(null), LOOK);
    }, LOOK);
    addEventListener("message", take);
  });
}

// The page itself: how the line is, who is signed in, light or dark, and a passage in its context.

import { reply as voice } from "./announce.js";
import { isReduced } from "./dom.js";
import { openSheet } from "./sheets.js";
import { counted, text } from "./texts.js";

const at = (id) => document.getElementById(id);

/** Whatever is in the way: no line, nobody signed in, notes that wait. One banner tells it. */
export function createTrouble() {
  let state = "idle"; // of the line: idle, connecting, live, lost
  let isStuck = false; // the conversation could not be brought to the server
  let unsent = 0;
  let needed = null; // {reason, signIn} while nobody is signed in
  let again = () => {};
  let timer = 0;
  let attempts = 0;
  let wait = () => 0;

  const isOut = () => needed !== null && needed.reason !== "unreachable";
  const isLost = () => state === "lost" || isStuck || needed?.reason === "unreachable" || !navigator.onLine;

  function paint() {
    const shown = isLost() ? "lost" : state;
    at("line").dataset.state = shown;
    at("line").title = shown === "idle" ? "" : text(shown);
    at("line-text").textContent = shown === "idle" ? "" : text(shown);
    const words = [];
    if (isOut()) words.push(text(needed.reason === "expired" ? "expired" : "signed_out"));
    else if (isLost()) words.push(text("lost"));
    if (unsent > 0 && (isOut() || isLost())) words.push(counted("unsent", unsent));
    at("banner").hidden = words.length === 0 || !at("signed-out").hidden;
    at("banner-text").textContent = words.join(" ");
    const act = at("banner-act");
    act.hidden = words.length === 0;
    act.dataset.do = isOut() ? "sign-in" : "again";
    act.textContent = text(isOut() ? "sign_in" : "try_now");
  }

  addEventListener("online", paint);
  addEventListener("offline", paint);

  return {
    get isSignedOut() {
      return isOut();
    },
    line(next) {
      state = next;
      if (next === "live") needed = null; // whoever hears the server is signed in
      paint();
    },
    conversation(isTrouble) {
      isStuck = isTrouble;
      paint();
    },
    unsent(n) {
      unsent = n;
      paint();
    },
    signIn() {
      needed?.signIn();
    },
    /** `light`, `dark`, or `auto`: as the browser has it. */
    theme(name) {
      const root = document.documentElement;
      if (name === "light" || name === "dark") root.dataset.theme = name;
      else delete root.dataset.theme;
    },
    connect({ tokens, onSignedOut, onSignedIn, backoff, again: retry }) {
      again = retry;
      wait = backoff;
      tokens.onSignInNeeded((told) => {
        needed = told;
        clearTimeout(timer);
        if (told.reason === "unreachable") timer = setTimeout(() => told.signIn(), wait(attempts++));
        else onSignedOut();
        paint();
      });
      tokens.onSignedIn(() => {
        needed = null;
        attempts = 0;
        onSignedIn();
        paint();
      });
      addEventListener("online", () => needed?.reason === "unreachable" && again());
    },
  };
}

/** Pictures come with the token: on other sites the sidebar has no cookie to ask for them with. */
async function showPictures(api, body) {
  await Promise.all([...body.querySelectorAll("img[data-picture]")].map(async (picture) => {
    let address = "";
    try {
      address = URL.createObjectURL(await api.picture(picture.dataset.picture));
      picture.src = address;
      await picture.decode();
    } catch {
      picture.replaceWith(picture.alt); // not there, or not for this reader
    } finally {
      URL.revokeObjectURL(address);
    }
  }));
}

let shown = null; // the answer whose passage is open

/** Show an answer's passage where it stands; in another language without its place. */
export async function showPassage(api, answer, language = answer?.language) {
  shown = answer ?? shown;
  const body = at("read-body");
  if (answer !== null) {
    openSheet("read");
    body.replaceChildren();
  }
  const asked = new URLSearchParams({ lang: language });
  if (shown.pool === "case") asked.set("part", shown.passage.part);
  else if (language === shown.language && shown.passage.part === "body") {
    asked.set("revision", shown.revision.number);
    asked.set("start", shown.passage.start);
    asked.set("end", shown.passage.end);
  }
  const mine = shown;
  const slow = setTimeout(() => (body.textContent = text("loading")), 250);
  try {
    const html = await api.page(`/embed/passage/${shown.pool}/${shown.id}?${asked}`);
    if (mine !== shown) return;
    body.innerHTML = serverHtml.createHTML(html);
    const here = body.querySelector("#here");
    here?.scrollIntoView({ block: "center", behavior: isReduced() ? "auto" : "instant" });
    if (!here) body.scrollTop = 0;
    body.focus({ preventScroll: true });
    const place = body.scrollTop;
    showPictures(api, body).then(() => {
      if (mine === shown && body.scrollTop === place) here?.scrollIntoView({ block: "center" });
    });
  } catch (error) {
    body.textContent = text("read_failed", { reason: error.message });
    voice(body.textContent);
  } finally {
    clearTimeout(slow);
  }
}

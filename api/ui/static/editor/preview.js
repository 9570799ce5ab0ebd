// The text as readers will see it, from the server.

import { html, NoLine } from "./api.js";
import { said, text } from "./words.js";

const PAUSE = 300; // milliseconds after the last key
const SLOW = 100_000; // characters from which on it waits longer

export function createPreview({ read, place, trouble, serverHtml, area }) {
  let timer = 0;
  let running = null;
  let shown = null;

  async function render() {
    const { title, summary, body, language } = read();
    const wanted = JSON.stringify([title, summary, body]);
    if (wanted === shown) return;
    if (body.length > 200_000) return fail(text("too_long", { limit: "200 000" }));
    running?.abort();
    const own = (running = new AbortController());
    try {
      const made = await html("POST", "/editor/preview", { language, title, summary, body }, { signal: own.signal });
      if (own !== running) return;
      place.innerHTML = serverHtml.createHTML(made);
      for (const link of place.querySelectorAll("a[href]")) {
        link.target = "_blank";
        link.rel = "nofollow noopener";
      }
      shown = wanted;
      place.dataset.ready = String(body.length);
      trouble.hidden = true;
      follow();
    } catch (error) {
      if (own.signal.aborted) return;
      fail(error instanceof NoLine && error.status === 0 ? text("preview_no_line") : said(error));
      if (error instanceof NoLine) soon(5_000);
    }
  }

  function fail(words) {
    trouble.textContent = words;
    trouble.hidden = false;
  }

  /** The preview scrolls with the text. */
  function follow() {
    const room = area.scrollHeight - area.clientHeight;
    if (room <= 0 || place.matches(":focus, :hover")) return;
    place.scrollTop = (area.scrollTop / room) * (place.scrollHeight - place.clientHeight);
  }

  function soon(after) {
    clearTimeout(timer);
    const pause = read().body.length > SLOW ? PAUSE * 4 : PAUSE;
    timer = setTimeout(() => void render(), after ?? pause);
  }

  area.addEventListener("scroll", follow, { passive: true });
  return { soon, now: () => soon(0) };
}

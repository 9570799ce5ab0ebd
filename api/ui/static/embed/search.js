// Search inside the sidebar: the same cards, without leaving the conversation.

import { fill, setCurrent } from "./card.js";
import { clone } from "./dom.js";
import { sheet } from "./sheets.js";
import { counted, text } from "./texts.js";

const PAUSE = 180; // milliseconds after the last letter

export function createSearch({ api, extras, language }) {
  const form = sheet("search").querySelector("form");
  const list = document.getElementById("found");
  const said = document.getElementById("found-text");
  let hits = [];
  let current = 0;
  let timer = 0;
  let asking = null;

  async function search() {
    asking?.abort();
    const words = form.elements.q.value.trim();
    if (!words) {
      show([], "");
      return;
    }
    const mine = (asking = new AbortController());
    const asked = new URLSearchParams({ q: words, pool: form.elements.pool.value, audience: "internal", limit: "8" });
    if (language()) asked.set("language", language());
    const slow = setTimeout(() => (said.textContent = text("loading")), 250);
    try {
      const found = await api.get(`/api/v1/search?${asked}`, { signal: mine.signal });
      const fixed = found.corrected.map((one) => one.searched).join(", ");
      const told = found.hits.length ? counted("found_some", found.total) : text("found_none");
      show(found.hits, fixed ? `${told} ${text("corrected", { words: fixed })}` : told);
    } catch (error) {
      if (!mine.signal.aborted) show([], text("refused_said", { reason: error.message }));
    } finally {
      clearTimeout(slow);
    }
  }

  function show(found, words) {
    hits = found;
    said.textContent = words;
    list.replaceChildren(
      ...hits.map((answer) => {
        const card = clone("t-answer");
        fill(card, answer, extras(answer));
        return card;
      }),
    );
    select(0);
  }

  function select(at) {
    current = at;
    [...list.children].forEach((card, i) => setCurrent(card, i === at));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    search();
  });
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" || event.target.type === "radio" || hits.length === 0) return;
    event.preventDefault();
    list.children[current].focus();
  });
  list.addEventListener("keydown", (event) => {
    const way = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
    if (way === undefined) return;
    event.preventDefault();
    if (way < 0 && current === 0) {
      form.elements.q.focus();
      return;
    }
    select(Math.min(current + way, hits.length - 1));
    list.children[current].focus();
  });
  list.addEventListener("focusin", (event) => {
    const at = [...list.children].indexOf(event.target.closest(".card"));
    if (at >= 0 && at !== current) select(at);
  });
  list.addEventListener("pointerdown", (event) => {
    const at = [...list.children].indexOf(event.target.closest(".card"));
    if (at >= 0 && !event.target.closest("button, a")) select(at);
  });

  return {
    get current() {
      return hits[current] ?? null;
    },
    answerOf: (document) => hits.find((answer) => answer.document === document) ?? null,
    again: search,
  };
}

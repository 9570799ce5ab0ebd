// Links: to an article, found by words of its title, or to an address.

import { json } from "./api.js";
import { element } from "../embed/dom.js";
import { replace } from "./typing.js";
import { said, text } from "./words.js";

const PAUSE = 180; // milliseconds after the last key
const ADDRESS = /^(?:https?:\/\/|mailto:|tel:)\S+$/i;
const STATES = new Set(["draft", "in_review", "archived"]);

export function createLinks({ sheet, area, language, article }) {
  const at = (id) => document.getElementById(id);
  const search = at("link-search");
  const list = at("link-found");
  const note = at("link-said");
  let place = { start: 0, end: 0 };
  let found = [];
  let chosen = -1;
  let timer = 0;
  let asked = 0;

  function open() {
    const { selectionStart: start, selectionEnd: end, value } = area;
    place = { start, end };
    const words = value.slice(start, end);
    at("link-text").value = words.replace(/\s+/g, " ").slice(0, 300);
    search.value = ADDRESS.test(words) ? words : "";
    clear();
    sheet.showModal();
    search.focus();
    if (words && !search.value) void look(words);
  }

  function clear() {
    found = [];
    chosen = -1;
    list.replaceChildren();
    note.textContent = "";
    search.setAttribute("aria-expanded", "false");
    search.removeAttribute("aria-activedescendant");
  }

  async function look(words) {
    const own = (asked += 1);
    const wanted = words.trim();
    if (!wanted || ADDRESS.test(wanted)) return clear();
    const asking = new URLSearchParams({ q: wanted.slice(0, 200), limit: "8" });
    const meant = new URLSearchParams({ q: wanted.slice(0, 200), language, pool: "article", audience: "internal", limit: "6" });
    try {
      const [titles, near] = await Promise.all([
        json("GET", `/api/v1/editor/articles?${asking}`),
        json("GET", `/api/v1/search?${meant}`).catch(() => ({ hits: [] })),
      ]);
      if (own !== asked) return;
      const lines = titles.articles.map((one) => ({ id: one.id, title: one.title, language: one.original_language, state: one.state }));
      const more = near.hits.filter((hit) => !lines.some((one) => one.id === hit.id)).map((hit) => ({ id: hit.id, title: hit.title, language: hit.language, state: "published" }));
      draw([...lines.filter((one) => one.state !== "archived"), ...more].filter((one) => one.id !== article()).slice(0, 9));
    } catch (error) {
      clear();
      note.textContent = said(error);
    }
  }

  function draw(lines) {
    found = lines;
    list.replaceChildren(...lines.map(line));
    search.setAttribute("aria-expanded", String(lines.length > 0));
    note.textContent = lines.length ? "" : text("no_article");
    choose(lines.length ? 0 : -1);
  }

  function line(one, position) {
    const item = element("li", { id: `link-${position}`, className: "found__one" }, element("span", { className: "found__title", textContent: one.title, lang: one.language }), element("span", { className: "note", textContent: [one.language.toUpperCase(), STATES.has(one.state) ? text(`state_${one.state}`) : "", one.id].filter(Boolean).join(" · ") }));
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.addEventListener("mousedown", (event) => event.preventDefault());
    item.addEventListener("click", () => {
      choose(position);
      insert();
    });
    return item;
  }

  function choose(position) {
    chosen = position;
    for (const [n, item] of [...list.children].entries()) item.setAttribute("aria-selected", String(n === position));
    if (position < 0) return search.removeAttribute("aria-activedescendant");
    search.setAttribute("aria-activedescendant", `link-${position}`);
    list.children[position].scrollIntoView({ block: "nearest" });
  }

  function insert() {
    const one = found[chosen];
    const typed = search.value.trim();
    const address = ADDRESS.test(typed) ? typed.replace(/[()\s<>]/g, encodeURIComponent) : one ? `article:${one.id}` : "";
    if (!address) {
      note.textContent = text(typed ? "no_article" : "choose_one");
      return;
    }
    const words = (at("link-text").value.trim() || (one && !ADDRESS.test(typed) ? one.title : typed)).replace(/[[\]\\]/g, "\\$&");
    sheet.close();
    const made = `[${words}](${address})`;
    replace(area, place.start, place.end, made);
  }

  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void look(search.value), PAUSE);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    if (found.length) choose((chosen + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length);
  });
  at("link-form").addEventListener("submit", (event) => {
    event.preventDefault();
    insert();
  });
  return { open };
}

// An article's past and its translations: what is done here goes to the API, with a reason.

import { ask, Refused } from "./ask.js";

document.documentElement.classList.add("js");
const page = document.getElementById("past");
const { article, language, number, failed } = page.dataset;
const API = `/api/v1/articles/${article}`;
const TEXT = `${API}/translations/${language}`;
const history = (key) => `/editor/articles/${key}/history`;
const dialog = (name) => document.getElementById(`dialog-${name}`);

/** What each form sends, and where one goes afterwards. */
const kinds = {
  restore: ({ note }, form) => ["POST", `${TEXT}/revisions/${form.dataset.number}/restore`, { note }, () => `${history(article)}?lang=${language}`],
  rename: ({ key, note }) => ["POST", `${API}/rename`, { key, note }, () => `${history(key)}?lang=${language}`],
  merge: ({ into, note }) => ["POST", `${API}/merge`, { into, note }, () => history(into)],
  redirect: ({ key, note }) => ["PUT", `/api/v1/redirects/${encodeURIComponent(key)}`, { into: article, note }, () => `${history(article)}?lang=${language}`],
  confirm: ({ note }) => ["POST", `${TEXT}/confirm`, { number: Number(number), note }, () => location.pathname],
  split: ({ title, key, body, note }) => [
    "POST",
    `${API}/split`,
    { note, parts: [{ key, translations: [{ language, title, body }] }] },
    () => `/editor/articles/${key}/${language}`,
  ],
};

const REASONS = { 404: "missing", 409: "conflict", 422: "invalid" };

/** What went wrong, in the reader's language: in the words of the form or button, if it has some. */
function tell(place, error, words = place.dataset) {
  const problem = place.querySelector("[data-problem]");
  const reason = error instanceof Refused ? REASONS[error.status] : "";
  problem.textContent = words[reason] ?? words.failed ?? failed;
  problem.hidden = false;
  problem.scrollIntoView({ block: "nearest" });
}

async function send(form) {
  const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).replaceAll("\r\n", "\n")]));
  const [method, path, body, next] = kinds[form.dataset.kind](values, form);
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    await ask(method, path, body);
    location.assign(next());
  } catch (error) {
    button.disabled = false;
    tell(form, error);
  }
}

function open(button) {
  const name = button.dataset.open;
  const form = dialog(name).querySelector("form");
  if (button.dataset.number) {
    form.dataset.number = button.dataset.number;
    const words = form.querySelector("p");
    words.dataset.text ??= words.textContent;
    words.textContent = words.dataset.text.replace("{number}", button.dataset.number);
  }
  dialog(name).showModal();
  form.querySelector("input, textarea")?.focus();
}

async function propose(button) {
  const before = button.textContent;
  button.disabled = true;
  button.textContent = button.dataset.waiting;
  try {
    await ask("POST", `${TEXT}/proposal`);
    location.assign(`/editor/articles/${article}/${language}`);
  } catch (error) {
    button.disabled = false;
    button.textContent = before;
    tell(page, error, button.dataset);
  }
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) open(opener);
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  const proposer = event.target.closest("[data-propose]");
  if (proposer) propose(proposer);
  // The backdrop is the dialog itself, outside of what it holds.
  if (event.target.matches("dialog")) event.target.close();
});
page.addEventListener("submit", (event) => {
  if (!event.target.dataset.kind) return;
  event.preventDefault();
  send(event.target);
});

// The key of a new article is made of its title until somebody writes one.
const title = document.getElementById("split-title");
const key = document.getElementById("split-key");
title?.addEventListener("input", () => {
  if (key.dataset.isOwn) return;
  const plain = title.value.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[łŁ]/g, "l").replace(/[đĐ]/g, "d").toLowerCase();
  key.value = plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 80);
});
key?.addEventListener("input", () => {
  key.dataset.isOwn = "yes";
});

// --- the article to merge into, found by its title ---

const finder = page.querySelector("[data-find]");
if (finder) {
  const list = document.getElementById(finder.getAttribute("aria-controls"));
  let asked = 0;
  let chosen = -1;
  const close = () => {
    list.hidden = true;
    finder.setAttribute("aria-expanded", "false");
    finder.removeAttribute("aria-activedescendant");
    chosen = -1;
  };
  const note = document.getElementById("merge-said");
  const tell = (words, lang = "") => {
    note.textContent = words;
    note.lang = lang || document.documentElement.lang;
    note.hidden = !words;
  };
  const take = (row) => {
    finder.value = row.dataset.key;
    close();
    tell(row.dataset.title, row.lang);
  };
  const choose = (at) => {
    const rows = [...list.children];
    chosen = (at + rows.length) % rows.length;
    for (const [n, row] of rows.entries()) row.setAttribute("aria-selected", String(n === chosen));
    finder.setAttribute("aria-activedescendant", rows[chosen].id);
    rows[chosen].scrollIntoView({ block: "nearest" });
  };
  finder.addEventListener("input", async () => {
    const mine = (asked += 1);
    const words = finder.value.trim();
    tell("");
    if (words.length < 2) return close();
    const found = await ask("GET", `/api/v1/editor/articles?limit=8&q=${encodeURIComponent(words)}`).catch(() => ({ articles: [] }));
    if (mine !== asked) return;
    const rows = found.articles
      .filter((one) => one.id !== article && one.state !== "archived")
      .map((one, n) => {
        const row = document.createElement("li");
        row.role = "option";
        row.id = `merge-${n}`;
        row.dataset.key = one.id;
        row.lang = one.original_language;
        row.dataset.title = one.title;
        const key = document.createElement("code");
        key.textContent = one.id;
        row.append(one.title, key);
        return row;
      });
    if (!rows.length) tell(note.dataset.none);
    list.replaceChildren(...rows);
    list.hidden = rows.length === 0;
    finder.setAttribute("aria-expanded", String(rows.length > 0));
    chosen = -1;
  });
  finder.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter" && chosen >= 0) take(list.children[chosen]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  finder.addEventListener("blur", () => setTimeout(close, 150));
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const row = event.target.closest("li");
    if (row) take(row);
  });
}

// Comments on an article: read, answered, dealt with; @ names a colleague.

import { ask } from "./ask.js";

const root = document.getElementById("comments");
const part = (name, of = root) => of.querySelector(`[data-part="${name}"]`);
const { language, number } = root.dataset;
const article = () => root.dataset.article; // it may get another key
const field = document.getElementById("comment-text");
const people = document.getElementById("comment-people");
const form = part("form");
const ui = document.documentElement.lang;
const relative = new Intl.RelativeTimeFormat(ui, { numeric: "auto" });
const moments = new Intl.DateTimeFormat(ui, { dateStyle: "long", timeStyle: "short" });
const DRAFT = `potica.comment.${article()}`;
const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600], ["minute", 60]];

document.documentElement.classList.add("js");
const named = new Map(); // name -> id, of those chosen while writing
let about = null; // {parent_id} or {quote}
let comments = [];

const say = (text) => {
  part("voice").textContent = text;
};

function ago(moment) {
  const seconds = (new Date(moment) - Date.now()) / 1000;
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  }
  return relative.format(0, "minute");
}

/** The words, with names after an @ set off. Nothing becomes HTML. */
function worded(text, hasNames) {
  if (!hasNames) return [text];
  return text.split(/(@[\p{L}\p{M}'’.-]+(?: \p{Lu}[\p{L}\p{M}'’.-]*){0,3})/u).map((piece, n) => {
    if (n % 2 === 0) return piece;
    const name = document.createElement("span");
    name.className = "named";
    name.textContent = piece;
    return name;
  });
}

function drawn(comment) {
  const made = document.getElementById("comment-one").content.firstElementChild.cloneNode(true);
  made.id = `comment-${comment.id}`;
  made.dataset.id = comment.id;
  part("author", made).textContent = comment.author_name;
  const when = part("when", made);
  when.dateTime = comment.created_at;
  when.textContent = ago(comment.created_at);
  when.title = moments.format(new Date(comment.created_at));
  const tongue = part("language", made);
  tongue.hidden = !comment.language || comment.language === language;
  tongue.textContent = (comment.language ?? "").toUpperCase();
  const quote = part("quote", made);
  quote.hidden = !comment.quote;
  quote.textContent = comment.quote;
  part("text", made).append(...worded(comment.text, comment.mentions.length > 0));
  part("dealt-pill", made).hidden = comment.resolved_at === null;
  made.querySelector("[data-do=resolve]").hidden = comment.resolved_at !== null || comment.parent_id !== null;
  const answers = comments.filter((one) => one.parent_id === comment.id);
  part("answers", made).append(...answers.map(drawn));
  part("answers", made).hidden = answers.length === 0;
  return made;
}

function draw() {
  const first = comments.filter((one) => one.parent_id === null);
  const open = first.filter((one) => one.resolved_at === null);
  const dealt = first.filter((one) => one.resolved_at !== null);
  part("list").replaceChildren(...open.map(drawn));
  part("resolved").replaceChildren(...dealt.map(drawn));
  part("count").textContent = open.length > 0 ? String(open.length) : "";
  part("dealt").textContent = String(dealt.length);
  part("more").hidden = dealt.length === 0;
  part("none").hidden = comments.length > 0;
}

async function load() {
  try {
    comments = [];
    for (let total = 1; comments.length < total; ) {
      const found = await ask("GET", `/api/v1/articles/${article()}/comments?limit=200&offset=${comments.length}`);
      comments.push(...found.comments);
      total = found.comments.length > 0 ? found.total : 0;
    }
    draw();
    await seen();
  } catch {
    say(root.dataset.unread);
  }
}

/** What names whoever reads it has been read: it leaves their home. */
async function seen() {
  if (!comments.some((one) => one.mentions.length > 0)) return;
  const me = await ask("GET", "/api/v1/session").catch(() => null);
  const mine = comments.filter((one) => me && one.mentions.includes(me.user_id)).map((one) => one.id);
  if (mine.length > 0) await ask("POST", "/api/v1/comments/seen", { comments: mine.slice(-200) });
}

// --- writing ---

function refer(to) {
  about = to;
  part("about").hidden = to === null;
  if (to === null) return;
  const template = part(to.parent_id ? "answering" : "quoting").textContent;
  part("about-text").textContent = template.replace("{name}", to.name ?? "").replace("{words}", to.words);
}

function recall(value) {
  try {
    if (value === undefined) return sessionStorage.getItem(DRAFT) ?? "";
    if (value) sessionStorage.setItem(DRAFT, value);
    else sessionStorage.removeItem(DRAFT);
  } catch {
    // Without storage a reload loses it, nothing else does.
  }
  return "";
}

async function send() {
  const text = field.value.trim();
  if (!text) return;
  const mentions = [...named].filter(([name]) => text.includes(`@${name}`)).map(([, id]) => id);
  const body = { text, mentions };
  if (language) body.language = language;
  if (language && number) body.revision_number = Number(number);
  if (about?.parent_id) body.parent_id = about.parent_id;
  else if (about) body.quote = about.words.slice(0, 1000);
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  part("problem").hidden = true;
  try {
    const made = await ask("POST", `/api/v1/articles/${article()}/comments`, body);
    comments.push(made);
    field.value = "";
    recall("");
    named.clear();
    refer(null);
    draw();
    say(root.dataset.said);
    document.getElementById(`comment-${made.id}`)?.scrollIntoView({ block: "nearest" });
  } catch (error) {
    part("problem").textContent = error.detail ?? root.dataset.failed;
    part("problem").hidden = false;
  } finally {
    button.disabled = false;
  }
}

async function resolve(id) {
  try {
    const done = await ask("POST", `/api/v1/comments/${id}/resolve`);
    comments = comments.map((one) => (one.id === done.id ? done : one));
    draw();
    say(root.dataset.done);
    part("more").focus();
  } catch (error) {
    say(error.detail ?? root.dataset.failed);
  }
}

// --- names after an @ ---

let asked = 0;
let chosen = -1;
const begun = () => /(?:^|\s)@([\p{L}\p{M}'’. -]{0,60})$/u.exec(field.value.slice(0, field.selectionStart));

function close() {
  asked += 1;
  people.hidden = true;
  people.replaceChildren();
  field.removeAttribute("aria-activedescendant");
  chosen = -1;
}

function choose(at) {
  const rows = [...people.children];
  if (rows.length === 0) return;
  chosen = (at + rows.length) % rows.length;
  for (const [n, row] of rows.entries()) row.setAttribute("aria-selected", String(n === chosen));
  field.setAttribute("aria-activedescendant", rows[chosen].id);
  rows[chosen].scrollIntoView({ block: "nearest" });
}

function insert(row) {
  const found = begun();
  const end = field.selectionStart;
  const start = end - found[1].length;
  named.set(row.textContent, row.dataset.id);
  field.setRangeText(`${row.textContent} `, start, end, "end");
  recall(field.value);
  close();
  field.focus();
}

async function look() {
  const found = begun();
  // A whole name was chosen already, or this is no name any more.
  if (!found || [...named.keys()].some((name) => found[1].startsWith(name))) return close();
  const mine = (asked += 1);
  const q = encodeURIComponent(found[1].trim());
  const answer = await ask("GET", `/api/v1/colleagues?limit=8&q=${q}`).catch(() => ({ colleagues: [] }));
  if (mine !== asked) return;
  if (answer.colleagues.length === 0) {
    close();
    if (found[1].trim()) say(root.dataset.nobody);
    return;
  }
  const rows = answer.colleagues.map((one) => {
    const row = document.createElement("li");
    row.id = `person-${one.id}`;
    row.role = "option";
    row.dataset.id = one.id;
    row.textContent = one.name;
    return row;
  });
  people.replaceChildren(...rows);
  people.hidden = false;
  choose(0);
  say(root.dataset.people.replace("{n}", String(rows.length)));
}

const keys = {
  ArrowDown: () => choose(chosen + 1),
  ArrowUp: () => choose(chosen - 1),
  Enter: () => insert(people.children[chosen]),
  Tab: () => insert(people.children[chosen]),
  Escape: close,
};

field.addEventListener("input", () => {
  recall(field.value);
  say("");
  look();
});
field.addEventListener("keydown", (event) => {
  if (!people.hidden && keys[event.key]) {
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    event.stopPropagation();
    form.requestSubmit();
  }
});
field.addEventListener("blur", () => setTimeout(close, 150));
people.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  const row = event.target.closest("li");
  if (row) insert(row);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
part("drop").addEventListener("click", () => {
  refer(null);
  field.focus();
});
part("more").addEventListener("click", () => {
  const list = part("resolved");
  list.hidden = !list.hidden;
  part("more").setAttribute("aria-expanded", String(!list.hidden));
});
root.addEventListener("click", (event) => {
  const act = event.target.closest("[data-do]");
  if (!act) return;
  const id = Number(act.closest(".comment").dataset.id);
  if (act.dataset.do === "resolve") resolve(id);
  if (act.dataset.do === "answer") {
    const one = comments.find((comment) => comment.id === id);
    refer({ parent_id: one.parent_id ?? one.id, name: one.author_name, words: one.text.slice(0, 80) });
    field.focus();
  }
});
document.addEventListener("potica:quote", (event) => {
  refer({ words: event.detail.text });
  field.focus();
});

field.value = recall();
load();

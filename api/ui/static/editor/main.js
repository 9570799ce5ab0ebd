// The editing screen: wires the parts together and saves.

import { json, NoLine, Refusal, SignedOut, speakFor } from "./api.js";
import { createChecks } from "./checks.js";
import { createCompare } from "./compare.js";
import { createCopies } from "./copies.js";
import { createFields } from "./fields.js";
import { createImages } from "./images.js";
import { createKeeper } from "./keeper.js";
import { wireKeys, wireToolbar } from "./keys.js";
import { createLife } from "./life.js";
import { createLinks } from "./links.js";
import { chooseFields } from "./meanwhile.js";
import { keyNow, rekey } from "./moved.js";
import { createPanes } from "./panes.js";
import { createPreview } from "./preview.js";
import { createProposal } from "./proposal.js";
import { apply, goOn, replace } from "./typing.js";
import { count, now, said, text } from "./words.js";
import { element } from "../embed/dom.js";

document.documentElement.classList.add("js");

const MAX_SAVED = 200_000; // characters of a text: api/schemas/common.py
const OTHERS = 30_000; // milliseconds between looks at who else is writing
const at = (id) => document.getElementById(id);
const root = at("writer");
const start = JSON.parse(root.dataset.start);
const area = at("body");
const title = at("title");
const asked = new URLSearchParams(location.search);
const place = start.article || start.typed_as || asked.get("draft") || `new-${Math.random().toString(36).slice(2, 12)}`;
const texts = { title, summary: at("summary"), keywords: at("keywords"), body: area };
speakFor(start.person);

if (!start.article && !start.typed_as) {
  const address = new URLSearchParams({ lang: start.language, draft: place });
  history.replaceState(null, "", `/editor/articles/new?${address}`);
}

/** The text as it stands. */
function read() {
  return {
    language: start.language,
    title: title.value,
    summary: texts.summary.value,
    keywords: [...new Set(texts.keywords.value.split("\n").map((line) => line.trim()).filter(Boolean))].slice(0, 50),
    body: area.value,
  };
}

function write(given) {
  title.value = given.title;
  texts.summary.value = given.summary;
  texts.keywords.value = given.keywords.join("\n");
  if (area.value !== given.body) {
    const { selectionStart, scrollTop } = area;
    area.value = given.body;
    area.setSelectionRange(selectionStart, selectionStart);
    area.scrollTop = scrollTop;
  }
  redraw();
}

// What is said about keeping.

function show(kind, words, action = "") {
  const kept = at("kept");
  kept.dataset.kind = kind;
  if (at("kept-word").textContent !== words) at("kept-word").textContent = words;
  at("choose-version").hidden = action !== "choose";
  signInNotice(action === "sign_in");
}

let signIn = null;
function signInNotice(wanted) {
  if (!wanted) {
    signIn?.remove();
    signIn = null;
  } else if (!signIn) {
    const link = element("a", { href: "/sign-in?next=/editor", target: "_blank", className: "button button--small", textContent: text("sign_in") });
    signIn = notice("bad", text("session_ended"), link);
  }
}

/** A line above the text, with what can be done about it. */
function notice(kind, words, ...more) {
  const close = element("button", { type: "button", className: "notice__close", textContent: "×" });
  close.setAttribute("aria-label", text("close"));
  const line = element("div", { className: `notice notice--${kind}` }, element("p", { textContent: words }), ...more, close);
  close.addEventListener("click", () => line.remove());
  at("notices").append(line);
  return line;
}

// The parts.

const copies = createCopies(start.person, `${place}.${start.language}`, heard);
const compare = createCompare({ sheet: at("compare-sheet"), use: useChosen });
const fields = createFields({ start, changed: onFields });
const keeper = createKeeper({
  start,
  place,
  read,
  write,
  copies,
  show,
  conflict: (kind, details) => compare.open(kind, details),
  follow,
  extra: () => ({ fields: fields.changes(), key: isOwnKey ? at("key")?.value : undefined }),
  restoreExtra,
});
const preview = createPreview({ read, place: at("preview"), trouble: at("preview-trouble"), serverHtml, area });
const checks = createChecks({
  read,
  list: at("checks"),
  badge: at("checks-count"),
  fields: texts,
  showField: (name) => panes.show(name === "body" || name === "title" ? "write" : "details"),
  article: () => start.article,
  duplicates: at("duplicates"),
  isNew: !start.article,
});
const panes = createPanes(root, (name) => {
  if (name === "preview") preview.now();
  if (name === "checks" && start.may_check) checks.soon(0);
});
const life = createLife({ place: at("life-part"), start, serverHtml, save, follow, onChange: onLife, onMain });
const links = start.may_edit ? createLinks({ sheet: at("link-sheet"), area, language: start.language, article: () => start.article }) : null;
const images = start.may_edit ? createImages({ area, file: at("image-file"), notice }) : null;
const proposal = createProposal({ start, mayGo: () => !keeper.isDirty, notice });
let version = start.version;
let greeting = null;
let savedText = start.saved;
let isOwnKey = false;

function heard({ type, number }) {
  const label = { typed: "other_tab", here: "other_tab", saved: "other_tab_saved", discarded: "other_tab_discarded" }[type];
  if (!label || (type === "saved" && number === keeper.base)) return;
  otherTab.textContent = text(label);
  if (!otherTab.isConnected) at("kept").after(otherTab);
}
const otherTab = element("p", { className: "kept kept--other note" });

function restoreExtra(extra) {
  if (extra.fields && Object.keys(extra.fields).length) fields.put({ ...fields.before, ...extra.fields });
  if (extra.key && at("key")) {
    at("key").value = extra.key;
    isOwnKey = true;
  }
}

// Typing.

function redraw() {
  const { length } = area.value;
  const limit = at("body-limit");
  const isOver = length > MAX_SAVED;
  const wanted = isOver ? text("too_long_now", { n: count(length), limit: count(MAX_SAVED) }) : length > MAX_SAVED * 0.8 ? text("nearly_full", { n: count(length), limit: count(MAX_SAVED) }) : "";
  if (limit.textContent !== wanted) limit.textContent = wanted;
  limit.classList.toggle("is-over", isOver);
  if (!isOwnKey && at("key")) at("key").value = slug(title.value);
  document.title = `${title.value.trim() || text("new_article")} · Potica`;
  preview.soon();
  if (start.may_check) checks.soon();
}

function onType() {
  proposal.drop();
  keeper.changed();
  redraw();
}

function onFields() {
  if (!start.may_edit) return;
  if (!start.article) keeper.changed();
  else show("busy", text("details_unsaved"));
}

/** A title as part of an address: what kb.text.slug makes of it. */
function slug(words) {
  const folded = words.toLowerCase().replace(/ł/g, "l").replace(/đ/g, "d").replace(/ß/g, "ss").normalize("NFKD").replace(/\p{M}/gu, "");
  const made = folded.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  if (made.length <= 60) return made;
  const cut = made.slice(0, 60);
  return cut.includes("-") ? cut.slice(0, cut.lastIndexOf("-")) : cut;
}

title.addEventListener("input", () => {
  if (/[\r\n]/.test(title.value)) title.value = title.value.replace(/\s*[\r\n]+\s*/g, " ");
});
title.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
  event.preventDefault();
  area.focus();
});
title.addEventListener("change", () => {
  if (start.may_check && title.value.trim().length > 8) void checks.findDuplicates(true);
});
area.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing && goOn(area)) event.preventDefault();
});
if (start.may_edit) for (const field of Object.values(texts)) field.addEventListener("input", onType);
at("key")?.addEventListener("input", () => {
  isOwnKey = at("key").value !== "";
  keeper.changed();
});

const SAMPLES = { bold: "sample_bold", italic: "sample_italic", code: "sample_code", table: "sample_table" };
function tool(name) {
  if (name === "link") links.open();
  else if (name === "image") images.choose();
  else apply(area, name, SAMPLES[name] ? text(SAMPLES[name]) : "");
}
at("toolbar")?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-tool]");
  if (button) tool(button.dataset.tool);
});
if (at("toolbar")) wireToolbar(at("toolbar"));

// Two versions.

let savesOn = false; // saving was what met the other version
function useChosen(given, details) {
  if (details.kind === "saved") savedText = details.saved;
  keeper.chosen(given, details);
  area.focus();
  if (savesOn) void save();
}
at("choose-version").addEventListener("click", () => compare.reopen());

// Saving.

let saving = null;
function save() {
  if (!start.may_edit) return Promise.resolve(true);
  saving ??= doSave().finally(() => {
    saving = null;
  });
  return saving;
}

async function doSave() {
  savesOn = false;
  const given = read();
  if (!given.title.trim()) return missing("title", title);
  if (!given.body.trim()) return missing("body", area);
  if (given.body.length > MAX_SAVED || given.title.length > 300) {
    notice("bad", text(given.title.length > 300 ? "title_too_long" : "too_long", { limit: count(MAX_SAVED) }));
    return false;
  }
  show("busy", text("saving"));
  try {
    await keeper.flush();
    if (keeper.isStopped) return false;
    const done = start.article ? await saveText(given) : await create(given);
    if (!done) return false;
    if (start.article) await saveFields();
    show("good", text("saved", { time: now() }));
    return true;
  } catch (error) {
    return notSaved(error);
  }
}

function missing(name, field) {
  panes.show("write");
  show("bad", text(`missing_${name}`));
  field.focus();
  return false;
}

async function notSaved(error) {
  if (await follow(error)) return doSave();
  if (error instanceof Refusal && error.details.reason === "text") {
    savesOn = true;
    keeper.stop("conflict");
    show("bad", text("two_versions"), "choose");
    compare.open("saved", error.details);
    return false;
  }
  const isKept = error instanceof NoLine || error instanceof SignedOut;
  show("bad", said(error), error instanceof SignedOut && !error.other ? "sign_in" : "");
  notice("bad", `${text("not_saved")} ${said(error)}${isKept ? ` ${text("typed_is_kept")}` : ""}`);
  return false;
}

const plain = ({ title, summary, keywords, body }) => ({ title, summary, keywords, body });
const isSaved = (given) => savedText !== null && JSON.stringify(plain(given)) === JSON.stringify(plain(savedText));

async function saveText(given) {
  const path = `/api/v1/articles/${start.article}/translations/${start.language}`;
  const follows = at("follows")?.checked ?? false;
  if (isSaved(given) && keeper.base > 0) {
    if (follows && start.source.made_from !== start.source.number) {
      await json("POST", `${path}/confirm`, { number: keeper.base, note: at("note")?.value ?? "" });
      start.source.made_from = start.source.number;
      await life.refresh();
    }
    if (keeper.isDirty || start.sequence) await keeper.discard().catch(() => {});
    keeper.saved(keeper.base);
    return true;
  }
  const body = { ...plain(given), note: at("note")?.value ?? "", base_number: keeper.base };
  if (start.source) body.source_number = follows ? start.source.number : (start.source.made_from ?? start.source.number);
  const saved = await json("PUT", path, body);
  if (saved.version === version + 1) version = saved.version;
  savedText = plain(given);
  if (start.source) start.source.made_from = body.source_number;
  const typedOn = JSON.stringify(plain(read())) !== JSON.stringify(savedText);
  keeper.saved(saved.number);
  if (typedOn) keeper.changed();
  for (const past of document.querySelectorAll("#by-machine, .writer__languages [aria-current] .tabmark--missing")) past.remove();
  if (at("note")) at("note").value = "";
  await life.refresh().catch(() => {});
  return true;
}

/** Change the article's own fields; what somebody else changed meanwhile is not written over. */
async function saveFields() {
  const path = `/api/v1/articles/${start.article}`;
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const changes = fields.changes();
    if (!Object.keys(changes).length) return;
    try {
      const saved = await json("PATCH", path, { ...changes, expected_version: version });
      version = saved.version;
      fields.saved();
      await life.refresh().catch(() => {});
      return;
    } catch (error) {
      if (!(error instanceof Refusal) || error.details.version === undefined) throw error;
      const latest = await json("GET", `${path}?view=latest`);
      const theirs = Object.fromEntries(Object.keys(fields.before).map((name) => [name, latest[name]]));
      const chosen = await chooseFields(at("fields-sheet"), changes, fields.before, theirs);
      if (chosen === null) throw error;
      fields.saved(theirs);
      fields.put({ ...theirs, ...chosen });
      version = latest.version;
    }
  }
}

async function create(given) {
  const key = at("key").value.trim() || slug(given.title) || "article";
  const body = { id: key, original_language: start.language, ...fields.read(), translations: [{ ...plain(given), language: start.language }] };
  try {
    await json("POST", "/api/v1/articles", body);
  } catch (error) {
    if (!(error instanceof Refusal) || error.details.reason !== "key_taken") throw error;
    if (!(await isOwn(key, given))) {
      panes.show("details");
      at("key").focus();
      throw error;
    }
  }
  await json("DELETE", `/api/v1/edits/${place}/${start.language}`).catch(() => {});
  keeper.saved(1);
  location.replace(`/editor/articles/${key}/${start.language}?new=save`);
  return true;
}

/** Whether the article is what we sent before, and the answer got lost. */
async function isOwn(key, given) {
  const found = await json("GET", `/api/v1/articles/${key}?view=latest`).catch(() => null);
  const made = found?.version === 1 && found.translations[0];
  return Boolean(made) && made.title === given.title && made.body === given.body;
}

/** The article may have another key by now: gives whether it has, and goes on under that one. */
async function follow(error) {
  const old = start.article;
  const key = await keyNow(error, old);
  if (key === old && error.details.article) mergedInto(error.details.article);
  if (!key || key === old || start.article !== old) return Boolean(key) && key !== old;
  start.article = key;
  rekey(old, key);
  keeper.moveTo(key);
  history.replaceState(null, "", `/editor/articles/${key}/${start.language}`);
  notice("calm", text("renamed", { key }));
  return true;
}

let mergedTold = false;

/** The article is put away: its text goes nowhere by itself, least of all into the other one's. */
function mergedInto(key) {
  if (mergedTold) return;
  mergedTold = true;
  const link = element("a", { className: "button button--small", href: `/editor/articles/${key}/${start.language}`, target: "_blank", rel: "noopener", textContent: text("open_that") });
  notice("warn", text("merged_away", { key }), link);
  void life.refresh().catch(() => {});
}

// What can be done with the article.

function onMain(main, words = "", kind = "good") {
  const button = at("main-act");
  if (button) {
    button.hidden = !main;
    if (main) button.textContent = main.form?.querySelector("summary").textContent.trim() ?? "";
  }
  if (words) show(kind, kind === "good" ? `${words} ${now()}` : words);
}

function onLife({ number, state }) {
  if (greeting && greeting.state !== state) {
    greeting.line.remove(); // it tells of a state that is over
    greeting = null;
  }
  if (number === undefined || Number(number) === keeper.base) return;
  const reload = element("button", { type: "button", className: "button button--small", textContent: text("load_it") });
  reload.addEventListener("click", () => void keeper.flush().then(() => location.reload()));
  notice("warn", text("text_moved_on"), reload);
}

function act() {
  const main = life.main();
  if (!main) return void save();
  panes.show("life");
  life.open(main.key);
}
at("save")?.addEventListener("click", () => void save());
at("main-act")?.addEventListener("click", act);

// Who else is here.

async function lookForOthers() {
  if (!start.article || !start.may_edit || document.visibilityState === "hidden") return;
  const nobody = (error) => follow(error).then(() => ({ editing: [] }));
  const found = await json("GET", `/api/v1/articles/${start.article}/editing`).catch(nobody);
  const names = found.editing.map((one) => `${one.name} (${one.language.toUpperCase()})`);
  at("others").hidden = !names.length;
  at("others").textContent = names.length ? text("also_writing", { names: names.join(", ") }) : "";
}

// Another language of a new article takes the text along.

at("new-language")?.addEventListener("change", async (event) => {
  const language = event.target.value;
  try {
    const given = read();
    if (given.title || given.body) {
      await json("PUT", `/api/v1/edits/${place}/${language}`, { ...plain(given), base_number: 0, after: 0 });
      await keeper.discard();
    }
    location.replace(`/editor/articles/new?${new URLSearchParams({ lang: language, draft: place })}`);
  } catch (error) {
    event.target.value = start.language;
    notice("bad", said(error));
  }
});

// Beside the text: the preview, or what a translation is made from.

let sourceShown = false;
for (const button of document.querySelectorAll("[data-beside]")) {
  button.addEventListener("click", () => {
    const isSource = button.dataset.beside === "source";
    for (const one of document.querySelectorAll("[data-beside]")) one.setAttribute("aria-pressed", String(one === button));
    at("preview").hidden = isSource;
    at("source").hidden = !isSource;
    if (isSource && !sourceShown) {
      sourceShown = true;
      const { language, title: words, summary, body } = start.source;
      const original = createPreview({ read: () => ({ language, title: words, summary, body }), place: at("source"), trouble: at("preview-trouble"), serverHtml, area });
      original.now();
    }
  });
}

// Beginning.

document.querySelector(".writer__languages [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

const help = () => at("keys-sheet").showModal();
at("keys-open").addEventListener("click", help);
for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
at("find-duplicates")?.addEventListener("click", () => void checks.findDuplicates());
wireKeys({
  area,
  tool,
  save: () => void save(),
  main: act,
  pane: (n) => panes.show(panes.names[n], true),
  duplicates: () => {
    panes.show("checks");
    void checks.findDuplicates();
  },
  help,
  editable: start.may_edit,
});

function begunElsewhere() {
  if (start.article || asked.get("draft") || start.typed_as) return;
  const prefix = `potica.text.${start.person}.new-`;
  for (const name of Object.keys(localStorage).filter((one) => one.startsWith(prefix)).slice(0, 3)) {
    const [draft, language] = name.slice(prefix.length - 4).split(".");
    if (!draft || draft === place) continue;
    const link = element("a", { className: "button button--small", href: `/editor/articles/new?${new URLSearchParams({ lang: language, draft })}`, textContent: text("go_on") });
    notice("calm", text("begun_here"), link);
  }
}

async function begin() {
  keeper.begin();
  if (start.may_edit) {
    const found = await keeper.recover();
    if (found.put) notice("calm", text("put_back"));
    else if (start.sequence) typedNotice();
    for (const one of found.more) older(one);
    begunElsewhere();
  }
  redraw();
  preview.now();
  if (!keeper.isDirty) show("calm", start.may_edit ? text(start.sequence ? "kept_before" : "nothing_typed") : text("read_only"));
  greet();
  void lookForOthers();
  setInterval(() => void lookForOthers(), OTHERS);
  if (start.may_edit && !title.value) title.focus();
  root.dataset.ready = "true";
}

const MADE = { save: "draft", publish: "published", submit: "in_review" };

/** The article was made a moment ago: say what became of it, once. */
function greet() {
  const made = asked.get("new");
  if (!start.article || made === null) return;
  asked.delete("new");
  history.replaceState(null, "", asked.size ? `${location.pathname}?${asked}` : location.pathname);
  if (life.state().state !== MADE[made]) return;
  const there = at("life-part").querySelector('a[href^="/a/"]');
  const more = made === "publish" && there ? [there.cloneNode()] : [];
  for (const link of more) {
    link.className = "button button--small";
    link.textContent = text("see_it");
  }
  greeting = { state: MADE[made], line: notice("good", text(`made_${made}`), ...more) };
}

/** What was typed before and never saved as a version is on the screen: say so, let it be undone. */
function typedNotice() {
  if (!start.article || savedText === null || isSaved(read())) return;
  const back = element("button", { type: "button", className: "button button--small", textContent: text("discard") });
  const line = notice("calm", text("you_go_on"), back);
  back.addEventListener("click", async () => {
    try {
      await keeper.discard();
      write(savedText);
      keeper.saved(start.number);
      show("calm", text("nothing_typed"));
      line.remove();
    } catch (error) {
      notice("bad", said(error));
    }
  });
}

/** Another copy that a tab left: kept until somebody decides. */
function older(one) {
  const take = element("button", { type: "button", className: "button button--small", textContent: text("look_at_it") });
  const line = notice("warn", text("another_copy"), take);
  take.addEventListener("click", () => {
    replace(area, 0, area.value.length, one.text.body, 0, 0);
    void copies.forget(one);
    line.remove();
  });
}

void begin();

// A draft from a case: made anew when a redaction is corrected, without losing what was typed;
// the place of each sentence in the case is shown. The page works without this, by its buttons.

import { partOf, selected, show } from "./cases.js";
import { createInk } from "./ink.js";

const page = document.getElementById("draft-page");
const anew = document.getElementById("draft-anew");
const said = document.getElementById("said");
const KEPT = ["title", "summary", "body", "keywords", "tags", "facets"];
const place = `potica.draft.${page.dataset.case}`;
let making = null; // AbortController of the draft that is being made
let isLeaving = false;

const form = () => document.getElementById("draft-form");

function say(text) {
  said.textContent = "";
  requestAnimationFrame(() => {
    said.textContent = text;
  });
}

// --- what is typed outlives a reload and a lost session ---

function keep() {
  const { elements } = form();
  const values = Object.fromEntries(KEPT.map((name) => [name, elements[name].value]));
  const isTouched = KEPT.some((name) => elements[name].value.trim() !== elements[`was_${name}`].value.trim());
  try {
    if (isTouched) sessionStorage.setItem(place, JSON.stringify({ was: elements.was_body.value, values }));
    else sessionStorage.removeItem(place);
  } catch {
    // Full or refused: the page itself still has it.
  }
}

function restore() {
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(place));
  } catch {
    return;
  }
  const { elements } = form();
  const isEdited = elements.body.value.trim() !== elements.was_body.value.trim();
  if (kept === null || isEdited || kept.was !== elements.was_body.value) return;
  for (const name of KEPT) elements[name].value = kept.values[name];
  elements.body.dispatchEvent(new Event("input", { bubbles: true }));
  say(page.dataset.restored);
}

// --- the draft made anew ---

async function make(extra = {}) {
  const data = new FormData(form());
  data.set("do", extra.do ?? "again");
  for (const one of extra.added ?? []) data.append("added", one);
  making?.abort();
  const mine = (making = new AbortController());
  form().setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form().action, {
      method: "POST",
      headers: { accept: "text/html", "x-csrf-token": data.get("csrf") },
      body: new URLSearchParams(data),
      signal: mine.signal,
    });
    const html = await response.text();
    const fresh = new DOMParser().parseFromString(serverHtml.createHTML(html), "text/html").getElementById("draft-anew");
    if (fresh === null) throw new Error(String(response.status));
    take(fresh);
    if (response.ok) say(page.dataset.updated);
  } catch (error) {
    if (error.name === "AbortError") return;
    say(page.dataset.failed);
    form().removeAttribute("aria-busy");
  }
}

/** Put the new draft in place of the old one; focus, caret and what is open stay. */
function take(fresh) {
  const held = document.activeElement;
  const mark = held?.value && held.matches("[name=shown]") ? `[name=shown][value="${CSS.escape(held.value)}"]` : held?.id ? `#${CSS.escape(held.id)}` : null;
  const carets = held && "selectionStart" in held ? [held.selectionStart, held.selectionEnd] : null;
  const opened = [...anew.querySelectorAll("details")].map((one) => one.open);
  const scrolled = document.getElementById("cases").scrollTop;
  anew.replaceChildren(...document.adoptNode(fresh).childNodes);
  for (const [n, one] of [...anew.querySelectorAll("details")].entries()) one.open = opened[n] ?? false;
  document.getElementById("cases").scrollTop = scrolled;
  begin();
  keep();
  const again = mark && anew.querySelector(mark);
  (again ?? anew.querySelector("[role=alert]") ?? form().elements.body).focus({ preventScroll: true });
  if (again && carets && again.matches("textarea, input:not([type=checkbox])")) again.setSelectionRange(...carets);
}

// --- what one points at ---

function begin() {
  const area = form().elements.body;
  const from = document.getElementById("body-from");
  createInk(area, (trace) => {
    show(trace);
    const found = trace && partOf(trace);
    from.textContent = found ? page.dataset.from.replace("{part}", found.name) : "";
  });
}

const button = document.createElement("button");
button.className = "button button--small button--main hide-it";
button.type = "button";
button.hidden = true;
button.textContent = page.dataset.hide;
button.addEventListener("click", () => {
  const found = selected();
  button.hidden = true;
  if (found) make({ added: [found.place] });
});
page.append(button);

document.addEventListener("selectionchange", () => {
  const found = document.getElementById("cases").dataset.corrects ? selected() : null;
  button.hidden = found === null;
  if (found === null) return;
  const of = page.getBoundingClientRect();
  const top = found.box.bottom - of.top + 6;
  const left = Math.min(Math.max(found.box.left - of.left, 0), of.width - 160);
  Object.assign(button.style, { top: `${top}px`, left: `${left}px` });
});
// The selection must outlive the press.
button.addEventListener("pointerdown", (event) => event.preventDefault());

page.addEventListener("input", (event) => {
  if (event.target.name === "shown" || event.target.name === "words") return;
  keep();
});
page.addEventListener("change", (event) => {
  if (event.target.name === "shown") make();
  if (event.target.name === "language") make();
});
page.addEventListener("click", (event) => {
  const title = event.target.closest("[data-title]");
  if (title) {
    const field = form().elements.title;
    field.value = title.dataset.title;
    field.focus();
    keep();
  }
  const mask = event.target.closest("button.mask");
  if (mask) {
    const box = form().querySelector(`[name=shown][value="${CSS.escape(mask.dataset.place)}"]`);
    if (box && !box.disabled) {
      box.checked = !box.checked;
      make();
    }
  }
});
page.addEventListener("submit", (event) => {
  const wanted = event.submitter?.value ?? "again";
  if (["again", "add", "drop"].includes(wanted.split(":")[0])) {
    event.preventDefault();
    make({ do: wanted });
    return;
  }
  if (isLeaving) event.preventDefault();
  isLeaving = true;
});
addEventListener("pageshow", () => {
  isLeaving = false;
});
document.addEventListener("keydown", (event) => {
  const isSave = (event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.closest?.("#draft-form");
  if (!isSave) return;
  event.preventDefault();
  form().requestSubmit([...form().querySelectorAll(".finish__do button")].at(-1));
});

begin();
restore();

// /try: asks without leaving the page, copies the reply, notes feedback through the API.
"use strict";

document.documentElement.classList.add("js");

const form = document.getElementById("ask");
const results = document.getElementById("results");
const token = document.querySelector('meta[name="csrf-token"]')?.content;
const csrf = token ? { "x-csrf-token": token } : {}; // for whoever is signed in
let asking = null; // AbortController of the question under way

function show(template) {
  results.replaceChildren(document.getElementById(template).content.cloneNode(true));
}

async function reason(response) {
  try {
    const problem = await response.json();
    return problem.detail || problem.title;
  } catch {
    return "";
  }
}

function fail(message) {
  show("failed");
  if (message) results.querySelector("[data-reason]").textContent = message;
  results.querySelector("[data-retry]").addEventListener("click", () => ask());
}

async function ask() {
  const asked = new URLSearchParams(new FormData(form));
  asking?.abort();
  const mine = (asking = new AbortController());
  // Most answers come faster than this: no flicker for them.
  const waiting = setTimeout(() => show("loading"), 150);
  results.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(`/try/answers?${asked}`, {
      signal: mine.signal,
    });
    clearTimeout(waiting);
    if (!response.ok) {
      fail(await reason(response));
    } else {
      results.innerHTML = serverHtml.createHTML(await response.text());
      history.replaceState(null, "", `/try?${asked}`);
    }
  } catch (error) {
    clearTimeout(waiting);
    if (error.name === "AbortError") return;
    fail("");
  }
  if (mine === asking) results.removeAttribute("aria-busy");
}

async function note(button) {
  const group = button.closest(".feedback");
  const said = group.querySelector(".feedback__said");
  const suggestion = results.querySelector("[data-suggestion]").dataset.suggestion;
  const body = {
    kind: button.dataset.kind,
    document: group.dataset.document,
    position: Number(group.dataset.position),
    reason: button.dataset.reason || "",
  };
  // The same click twice is one feedback.
  const pool = body.document.split(":")[0];
  const why = body.reason.replaceAll(" ", "-");
  const key = [suggestion, pool, body.position, body.kind, why].join(".");
  let ok = false;
  try {
    const response = await fetch(`/api/v1/suggestions/${suggestion}/feedback`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key, ...csrf },
      body: JSON.stringify(body),
    });
    ok = response.ok;
  } catch {
    ok = false;
  }
  said.dataset.state = ok ? "noted" : "failed";
  said.textContent = ok ? said.dataset.thanks : said.dataset.failed;
  if (ok) button.setAttribute("aria-pressed", "true");
  group.querySelector(".menu")?.removeAttribute("open");
}

async function copy(button) {
  const text = document.getElementById(button.dataset.copy).textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without the permission (or over plain HTTP from elsewhere): select it for the reader.
    const range = document.createRange();
    range.selectNodeContents(results.querySelector(".reply__text"));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return;
  }
  const before = button.textContent;
  button.textContent = `✓ ${button.dataset.done}`;
  setTimeout(() => { button.textContent = before; }, 2000);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (form.elements.q.value.trim()) ask();
});

form.elements.q.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

for (const radio of form.querySelectorAll('[name="who"]')) {
  radio.addEventListener("change", () => {
    if (form.elements.q.value.trim()) ask();
  });
}

document.addEventListener("click", (event) => {
  const chip = event.target.closest(".chip");
  if (chip && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    form.elements.q.value = chip.textContent.trim();
    ask();
    return;
  }
  const button = event.target.closest("button");
  if (button?.dataset.copy) copy(button);
  else if (button?.dataset.kind) note(button);
});

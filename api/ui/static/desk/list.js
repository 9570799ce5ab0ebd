// Keys for lists, and articles ticked in them.

const PLACE = "potica-desk-keys";
const rows = [...document.querySelectorAll("[data-row]")];
const dialog = document.getElementById("keys");
const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

function keysAreOn() {
  try { return localStorage.getItem(PLACE) !== "off"; } catch { return true; }
}

function keep(areOn) {
  try { localStorage.setItem(PLACE, areOn ? "on" : "off"); } catch { /* then until the page goes */ }
}

function here() {
  return rows.findIndex((row) => row.contains(document.activeElement));
}

function go(step) {
  if (!rows.length) return;
  const at = here();
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1);
  const row = rows[next];
  (row.querySelector("[data-open]") ?? row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

// On the board: from language to language within a row.
function across(step) {
  const row = rows[here()];
  if (!row) return go(1);
  const stops = [...row.querySelectorAll("a")];
  const at = stops.indexOf(document.activeElement);
  stops[Math.min(Math.max(at + step, 0), stops.length - 1)]?.focus();
}

// --- Articles that are ticked.
const form = document.getElementById("bulk");
const bar = document.getElementById("bulk-bar");
const ticks = form ? [...form.querySelectorAll('input[name="article"]')] : [];
const all = document.getElementById("all-here");
const everything = document.getElementById("everything");
const plural = new Intl.PluralRules(document.documentElement.lang);
let last = -1;

function told() {
  if (!bar) return;
  const chosen = ticks.filter((tick) => tick.checked).length;
  bar.classList.toggle("bulk--open", chosen > 0);
  const count = everything?.checked ? Number(form.dataset.total) : chosen;
  const shape = plural.select(count);
  const known = [...bar.querySelectorAll("[data-form]")];
  const right = known.find((one) => one.dataset.form === shape) ?? known[0];
  for (const one of known) one.hidden = one !== right;
  right.querySelector("b").textContent = count.toLocaleString(document.documentElement.lang);
  if (all) {
    all.checked = ticks.length > 0 && chosen === ticks.length;
    all.indeterminate = chosen > 0 && chosen < ticks.length;
  }
  if (everything && chosen === 0) everything.checked = false;
  for (const tick of ticks) tick.closest("[data-row]").classList.toggle("is-ticked", tick.checked);
}

function tickAll(areOn) {
  for (const tick of ticks) tick.checked = areOn;
  told();
}

function tickHere() {
  const tick = rows[here()]?.querySelector('input[name="article"]');
  if (tick) { tick.checked = !tick.checked; last = ticks.indexOf(tick); told(); }
}

function showValue() {
  const action = document.getElementById("action");
  for (const one of bar.querySelectorAll("[data-for]")) {
    one.hidden = !one.dataset.for.split(" ").includes(action.value);
  }
}

if (bar) {
  form.addEventListener("change", (event) => {
    if (event.target.id === "all-here") return tickAll(event.target.checked);
    if (event.target.id === "action") return showValue();
    if (event.target === everything && everything.checked) return tickAll(true);
    return told();
  });
  form.addEventListener("click", (event) => {
    const at = ticks.indexOf(event.target);
    if (at < 0) return;
    if (event.shiftKey && last >= 0) {
      const [from, to] = [Math.min(at, last), Math.max(at, last)];
      for (const tick of ticks.slice(from, to + 1)) tick.checked = ticks[at].checked;
      told();
    }
    last = at;
  });
  document.getElementById("select-none").addEventListener("click", () => { tickAll(false); ticks[Math.max(last, 0)]?.focus(); });
  showValue();
  told();
  addEventListener("pageshow", told); // ticks come back with the page
}

// --- Keys.
const does = {
  j: () => go(1),
  k: () => go(-1),
  h: () => across(-1),
  l: () => across(1),
  x: tickHere,
  a: () => tickAll(!ticks.every((tick) => tick.checked)),
  "/": () => document.getElementById("q")?.select(),
  "?": () => dialog?.showModal(),
};
const listed = new Set([...(dialog?.querySelectorAll("kbd") ?? [])].flatMap((key) => key.textContent.split(" ")));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || dialog?.open) return;
  if (event.target.matches?.(TYPING)) {
    if (event.key === "Escape" && event.target.id === "q") { event.target.blur(); go(1); }
    return;
  }
  if (event.key === "Escape" && ticks.some((tick) => tick.checked)) { tickAll(false); return; }
  const act = listed.has(event.key) && does[event.key];
  if (!act || !keysAreOn()) return;
  event.preventDefault();
  act();
});

if (dialog) {
  const areOn = dialog.querySelector("#keys-on");
  areOn.checked = keysAreOn();
  areOn.addEventListener("change", () => keep(areOn.checked));
  document.querySelector("[data-keys]")?.addEventListener("click", () => dialog.showModal());
}

// Sheets: one thing at a time over the answers. Esc goes back to where one was.

const sheets = new Map([...document.querySelectorAll("dialog.sheet")].map((sheet) => [sheet.id.slice(6), sheet]));
let cameFrom = null;
let onBack = () => {};

export const sheet = (name) => sheets.get(name);
export const isOpen = () => [...sheets.values()].some((one) => one.open);

/** Open a sheet with the focus on `focus`, a selector in it. */
export function openSheet(name, focus) {
  const one = sheets.get(name);
  if (isOpen()) closeSheet({ quietly: true });
  else cameFrom = document.activeElement;
  one.showModal();
  const target = focus === undefined ? null : one.querySelector(focus);
  (target ?? one.querySelector("[data-do=back]")).focus();
  return one;
}

export function closeSheet({ quietly = false } = {}) {
  for (const one of sheets.values()) {
    if (!one.open) continue;
    one.dataset.quietly = quietly ? "yes" : "";
    one.close();
  }
}

/** `callback(element)` is told where the focus was when a sheet has closed. */
export function whenClosed(callback) {
  onBack = callback;
}

/** Say in a sheet why something could not be done; without words: nothing to say. */
export function say(one, words) {
  const said = one.querySelector('[data-part="said"]');
  if (said === null) return;
  said.textContent = words ?? "";
  said.hidden = !words;
}

for (const one of sheets.values()) {
  one.addEventListener("close", () => {
    say(one, "");
    if (one.dataset.quietly) return;
    onBack(cameFrom);
    cameFrom = null;
  });
}

// Keys of the screen. Those that change the text count in the text only.

const TOOLS = [
  ["KeyB", false, false, "bold"],
  ["KeyI", false, false, "italic"],
  ["KeyE", false, false, "code"],
  ["KeyK", false, false, "link"],
  ["KeyI", true, false, "image"],
  ["Digit7", true, false, "steps"],
  ["Digit8", true, false, "list"],
  ["Digit9", true, false, "quote"],
  ["Digit2", false, true, "heading"],
  ["KeyT", false, true, "table"],
];

export function wireKeys({ area, tool, save, main, pane, duplicates, help, editable }) {
  document.addEventListener("keydown", (event) => {
    const { code, key, shiftKey, altKey } = event;
    const control = event.ctrlKey || event.metaKey;
    const modal = document.querySelector("dialog[open]") !== null;
    const typing = event.target.closest("input, textarea, select") !== null;
    let act = null;
    if (key === "F1" || (key === "?" && !typing && !control)) act = help;
    else if (modal) return;
    else if (control && !shiftKey && !altKey && code === "KeyS") act = save;
    else if (control && !altKey && key === "Enter") act = main;
    else if (altKey && !control && !shiftKey && /^Digit[1-5]$/.test(code)) act = () => pane(Number(code.at(-1)) - 1);
    else if (altKey && !control && !shiftKey && code === "KeyD") act = duplicates;
    else if (control && editable && event.target === area) {
      const found = TOOLS.find(([wanted, shift, alt]) => wanted === code && shift === shiftKey && alt === altKey);
      if (found) act = () => tool(found[3]);
    }
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/** Arrows move inside a toolbar, which is one stop for Tab. */
export function wireToolbar(bar) {
  const buttons = () => [...bar.querySelectorAll("button")];
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    const all = buttons();
    const next = step === -Infinity ? 0 : step === Infinity ? all.length - 1 : (all.indexOf(document.activeElement) + step + all.length) % all.length;
    event.preventDefault();
    for (const [n, button] of all.entries()) button.tabIndex = n === next ? 0 : -1;
    all[next].focus();
  });
}

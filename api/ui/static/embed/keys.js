// Single keys, while the sidebar has the focus and nothing is being typed. They can be switched
// off, for those whose software speaks or presses keys by itself (WCAG 2.1.4).

import { isOpen } from "./sheets.js";

const KEYS = {
  i: "insert", c: "copy", e: "edit",
  j: "next", ArrowDown: "next", k: "previous", ArrowUp: "previous",
  u: "use", f: "fix", g: "flag", x: "dismiss", v: "read",
  a: "add", q: "ask", w: "close", n: "refresh", h: "history", p: "incident",
  "/": "search", "?": "help",
};
const FOUND = { u: "use", f: "fix", g: "flag", v: "read", Enter: "read" }; // among what was searched
const PLACE = "potica.keys";
const typing = "input:not([type=radio], [type=checkbox]), textarea, select";

function stored() {
  try {
    return localStorage.getItem(PLACE) !== "off";
  } catch {
    return true;
  }
}

/** `act(name, event)` is called for each key that means something. */
export function listenToKeys(act) {
  let areOn = stored();
  const box = document.getElementById("single-keys");
  box.checked = areOn;
  box.addEventListener("change", () => {
    areOn = box.checked;
    try {
      localStorage.setItem(PLACE, areOn ? "on" : "off");
    } catch {
      // It holds until the page is loaded again.
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const isSending = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    const form = isSending ? event.target.closest("form") : null;
    if (form) {
      event.preventDefault();
      form.requestSubmit(form.querySelector(".button--main[type=submit]") ?? undefined);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && event.target.id === "reply-edit") {
      event.preventDefault();
      act("leave", event);
      return;
    }
    // A search field would empty itself first.
    if (event.key === "Escape" && isOpen()) {
      event.preventDefault();
      act("back", event);
      return;
    }
    if (event.target.closest(typing)) return;
    if (isOpen()) {
      const name = event.target.closest("#found") ? FOUND[event.key] : undefined;
      if (name && (areOn || event.key === "Enter") && (event.key !== "Enter" || event.target.matches(".card"))) {
        event.preventDefault();
        act(name, event);
      } else digit(event);
      return;
    }
    const isOnCard = event.target.classList?.contains("card");
    const name = event.key === "Enter" ? isOnCard && "read" : KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    const isArrow = event.key.startsWith("Arrow");
    if (!name || (!areOn && !isArrow && event.key !== "Enter")) return;
    if (isArrow && !event.target.closest(".answers") && event.target !== document.body) return;
    event.preventDefault();
    act(name, event);
  });

  function digit(event) {
    const choice = document.querySelector(`dialog[open] [data-digit="${CSS.escape(event.key)}"]`);
    if (!choice || !areOn) return;
    event.preventDefault();
    choice.click();
  }
}

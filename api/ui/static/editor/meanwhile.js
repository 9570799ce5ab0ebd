// Details that somebody else changed while they were being changed here.

import { element } from "../embed/dom.js";
import { text } from "./words.js";

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const shown = (value) => {
  if (value === null || value === "" || (Array.isArray(value) && !value.length)) return text("nothing_there");
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "object" ? Object.entries(value).map(([name, values]) => `${name}: ${values.join(", ")}`).join("; ") : String(value);
};

/** Those of the changes that are to be saved; asks where both changed the same. Null: later. */
export function chooseFields(sheet, changes, before, theirs) {
  const both = Object.keys(changes).filter((name) => !same(theirs[name], before[name]) && !same(theirs[name], changes[name]));
  if (!both.length) return Promise.resolve(changes);
  const list = sheet.querySelector("#fields-list");
  list.replaceChildren(...both.map((name) => choice(name, changes[name], theirs[name])));
  sheet.showModal();
  return new Promise((resolve) => {
    const form = sheet.querySelector("form");
    let chosen = null;
    const take = (event) => {
      event.preventDefault();
      chosen = { ...changes };
      for (const name of both) if (form.querySelector(`input[name="field-${name}"]:checked`).value === "theirs") delete chosen[name];
      sheet.close();
    };
    form.addEventListener("submit", take);
    sheet.addEventListener("close", () => {
      form.removeEventListener("submit", take);
      resolve(chosen);
    }, { once: true });
  });
}

function choice(name, mine, theirs) {
  const option = (value, label, words) => {
    const id = `field-${name}-${value}`;
    return element("div", { className: "tick tick--side" }, element("input", { type: "radio", id, name: `field-${name}`, value, checked: value === "mine" }), element("label", { htmlFor: id }, element("strong", { textContent: label }), element("pre", { textContent: shown(words) })));
  };
  return element("fieldset", { className: "choices choices--plain" }, element("legend", { textContent: text(`field_${name}`) }), option("mine", text("yours"), mine), option("theirs", text("theirs"), theirs));
}

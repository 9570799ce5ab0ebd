// Two versions of a text side by side: what only one side changed is put together already.

import { element } from "../embed/dom.js";
import { text } from "./words.js";

const LONG = 400; // characters of what both have that are shown
const FIELDS = ["title", "summary"];

export function createCompare({ sheet, use }) {
  const at = (id) => document.getElementById(id);
  let details = null;
  let picks = [];

  function open(kind, given) {
    details = { kind, ...given };
    at("compare-why").textContent = kind === "tab" ? text("why_tab") : text("why_saved", { name: given.author_name ?? "" });
    at("compare-yours").textContent = whole(given.yours);
    at("compare-theirs").textContent = whole(given.saved);
    const fields = FIELDS.filter((name) => given.yours[name] !== given.saved[name]).map(field);
    at("compare-fields").replaceChildren(...fields);
    picks = [];
    at("compare-pieces").replaceChildren(...given.pieces.map(piece));
    if (!sheet.open) sheet.showModal();
    (sheet.querySelector("input[type=radio]") ?? sheet.querySelector("[type=submit]")).focus();
  }

  const whole = (version) => [version.title, version.summary, version.body].filter(Boolean).join("\n\n");

  /** Title and summary: one or the other; the one who changed it alone comes first. */
  function field(name) {
    const { base, yours, saved } = details;
    const mine = saved[name] === (base?.[name] ?? "") || yours[name] !== (base?.[name] ?? "");
    return element(
      "fieldset",
      { className: "choices choices--plain" },
      element("legend", { textContent: text(`field_${name}`) }),
      option(`compare-${name}`, "mine", text("yours"), yours[name], mine),
      option(`compare-${name}`, "theirs", text("theirs"), saved[name], !mine),
    );
  }

  function option(name, value, label, words, checked) {
    const id = `${name}-${value}`;
    return element(
      "div",
      { className: "tick tick--side" },
      element("input", { type: "radio", name, id, value, checked }),
      element("label", { htmlFor: id }, element("strong", { textContent: label }), element("pre", { textContent: words || text("nothing_there") })),
    );
  }

  function piece(one, position) {
    if (!one.is_conflict) {
      const words = one.text.length > LONG ? `${one.text.slice(0, LONG / 2)}\n…\n${one.text.slice(-LONG / 2)}` : one.text;
      picks.push(() => one.text);
      return element("pre", { className: "piece", textContent: words });
    }
    const name = `piece-${position}`;
    picks.push(() => {
      const value = sheet.querySelector(`input[name="${name}"]:checked`)?.value;
      return value === "theirs" ? one.theirs : value === "both" ? both(one) : one.ours;
    });
    return element(
      "fieldset",
      { className: "piece piece--both choices choices--plain" },
      element("legend", { textContent: text("both_changed") }),
      option(name, "mine", text("yours"), one.ours, false),
      option(name, "theirs", text("theirs"), one.theirs, false),
      element("div", { className: "tick" }, element("input", { type: "radio", name, id: `${name}-both`, value: "both", checked: true }), element("label", { htmlFor: `${name}-both`, textContent: text("keep_both") })),
    );
  }

  const both = ({ ours, theirs }) => ours + (ours && !ours.endsWith("\n") && theirs ? "\n" : "") + theirs;

  function picked() {
    const value = (name) => (sheet.querySelector(`input[name="compare-${name}"]:checked`)?.value === "theirs" ? details.saved[name] : details.yours[name]);
    return {
      title: value("title"),
      summary: value("summary"),
      keywords: details.merged.keywords,
      body: picks.map((pick) => pick()).join(""),
    };
  }

  function take(version) {
    sheet.close();
    const { title, summary, body, keywords } = version;
    use({ title, summary, body, keywords }, details);
  }

  at("compare-form").addEventListener("submit", (event) => {
    event.preventDefault();
    take(picked());
  });
  at("compare-take-mine").addEventListener("click", () => take(details.yours));
  at("compare-take-theirs").addEventListener("click", () => take(details.saved));
  return { open, reopen: () => details && open(details.kind, details) };
}

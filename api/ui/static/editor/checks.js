// The checklist, and articles like this one. Each line leads to its place in the text.

import { json, NoLine } from "./api.js";
import { element } from "../embed/dom.js";
import { select, unitsAt } from "./typing.js";
import { said, text } from "./words.js";

const PAUSE = 900; // milliseconds after the last key
const SIGNS = { ok: "✓", warning: "!", problem: "✕", unknown: "?" };

export function createChecks({ read, list, badge, fields, showField, article, duplicates, isNew }) {
  let timer = 0;
  let asked = 0;
  let shown = "";

  const exclude = () => (isNew ? [] : [`article:${article()}`]);

  function body(withDuplicates) {
    const { title, summary, body, keywords, language } = read();
    return {
      language,
      title: title.slice(0, 300),
      summary: summary.slice(0, 2000),
      keywords: keywords.slice(0, 50).map((word) => word.slice(0, 120)),
      body,
      messages: document.documentElement.lang,
      duplicates: withDuplicates,
      exclude: exclude(),
    };
  }

  async function check() {
    const given = body(false);
    const wanted = JSON.stringify(given);
    if (wanted === shown || given.body.length > 200_000) return;
    const own = (asked += 1);
    try {
      const { checks } = await json("POST", "/api/v1/checklist", given);
      if (own !== asked) return;
      shown = wanted;
      draw(checks, given);
    } catch (error) {
      if (error instanceof NoLine) soon(6_000);
    }
  }

  function draw(checks, given) {
    const items = checks.filter((one) => one.name !== "duplicates").map((one) => line(one, given));
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.check : null;
    list.replaceChildren(...items);
    if (focused) list.querySelector(`[data-check="${CSS.escape(focused)}"]`)?.focus();
    const open = checks.filter((one) => one.state === "problem" || one.state === "warning").length;
    badge.hidden = !open;
    badge.textContent = String(open);
    badge.setAttribute("aria-label", text("open_checks", { n: open }));
  }

  function line(one, given) {
    const item = element("li", { className: `check check--${one.state}` });
    item.append(
      element("span", { className: "check__sign", textContent: SIGNS[one.state] ?? "·" }),
      element(
        "div",
        { className: "check__words" },
        element("strong", { textContent: one.label }),
        element("span", { className: "unseen", textContent: ` (${text(`check_${one.state}`)})` }),
        element("p", { textContent: one.message }),
      ),
    );
    item.firstChild.setAttribute("aria-hidden", "true");
    if (one.places.length) item.append(leader(one, given));
    return item;
  }

  /** A button that goes from place to place. */
  function leader(one, given) {
    let next = 0;
    const many = one.places.length;
    const button = element("button", { type: "button", className: "check__show", textContent: many > 1 ? `${text("show")} 1/${many}` : text("show") });
    button.dataset.check = one.name;
    button.setAttribute("aria-label", `${text("show")}: ${one.label}`);
    button.addEventListener("click", () => {
      const place = one.places[next % many];
      next += 1;
      if (many > 1) button.textContent = `${text("show")} ${(next % many) + 1}/${many}`;
      go(place, given);
    });
    return button;
  }

  function go(place, given) {
    const [name, nth] = place.field.split(":");
    const field = fields[name === "keyword" ? "keywords" : name];
    if (!field) return;
    const known = name === "keyword" ? (given.keywords[Number(nth)] ?? "") : given[name];
    const units = unitsAt(known, [place.start, place.end]);
    const now = field.value;
    let start = units.get(place.start);
    let end = units.get(place.end);
    const words = known.slice(start, end);
    const offset = name === "keyword" ? Math.max(0, now.indexOf(known)) : 0;
    start += offset;
    end += offset;
    if (now.slice(start, end) !== words) {
      // typed on since: the nearest place with the same words
      const near = [now.lastIndexOf(words, start), now.indexOf(words, start)].filter((at) => at >= 0);
      if (words && near.length) {
        start = near.sort((a, b) => Math.abs(a - start) - Math.abs(b - start))[0];
        end = start + words.length;
      }
    }
    showField(name);
    select(field, Math.min(start, now.length), Math.min(end, now.length));
  }

  async function findDuplicates(quiet = false) {
    const given = body(true);
    if (!given.title.trim() && !given.body.trim()) return;
    if (given.body.length > 200_000) return;
    if (!quiet) duplicates.replaceChildren(element("p", { className: "note", textContent: text("looking") }));
    try {
      const found = (await json("POST", "/api/v1/checklist", given)).duplicates;
      const worth = quiet ? found.filter((one) => one.likely) : found;
      if (!worth.length) duplicates.replaceChildren(...(quiet ? [] : [element("p", { className: "note", textContent: text("none_like_it") })]));
      else duplicates.replaceChildren(heading(worth), element("ul", { className: "likes" }, ...worth.map(like)));
    } catch (error) {
      if (!quiet) duplicates.replaceChildren(element("p", { className: "note", textContent: said(error) }));
    }
  }

  const heading = (found) => element("p", { className: "likes__head", textContent: text(found.some((one) => one.likely) ? "likely_same" : "near_it") });

  function like(one) {
    const link = element("a", { href: `/editor/articles/${one.id}/${one.language}`, textContent: one.title, lang: one.language, target: "_blank", rel: "noopener" });
    const share = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(Math.min(one.probability, 0.99));
    return element("li", { className: one.likely ? "like like--likely" : "like" }, link, element("span", { className: "note", textContent: `${one.language.toUpperCase()} · ${share}` }));
  }

  function soon(after = PAUSE) {
    clearTimeout(timer);
    timer = setTimeout(() => void check(), after);
  }

  return { soon, findDuplicates };
}

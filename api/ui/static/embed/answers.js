// The two lists of answers. They reorder calmly: nothing moves under the pointer or beside the
// focus; what came meanwhile waits behind a note.

import { fill, isWeak, setCurrent, showMark } from "./card.js";
import { clone, isReduced } from "./dom.js";
import { counted, text } from "./texts.js";

const MOVE = 220; // milliseconds
const SETTLE = 700; // milliseconds after pointer and focus left
const lists = { articles: document.getElementById("articles"), cases: document.getElementById("cases") };
const held = [document.getElementById("lists"), document.getElementById("reply")];

/**
 * `draw(suggestion)` is told when a suggestion comes onto the screen, `onHold(isHeld)` when one
 * waits or no longer does, `extras(answer)` gives what a card shows besides the answer.
 */
export function createAnswers({ draw, onHold, extras }) {
  const cards = new Map(); // document -> card
  let shown = null; // the suggestion on the screen
  let waiting = null; // a newer one
  let current = null; // document that single keys act on
  const wide = new Set(); // lists that show also what is far less sure
  let pointerIn = false;
  let timer = 0;

  const all = (suggestion) => [...suggestion.articles, ...suggestion.cases];
  const walk = () => [...visible("articles"), ...visible("cases")].map((answer) => answer.document);
  const order = (suggestion) => all(suggestion).map((answer) => answer.document);
  const answerOf = (document) => all(shown ?? { articles: [], cases: [] }).find((a) => a.document === document) ?? null;

  function isBusy() {
    const focus = document.activeElement;
    const hasFocus = document.hasFocus() && held.some((place) => place.contains(focus));
    return pointerIn || hasFocus || document.querySelector("dialog[open]") !== null;
  }

  function moves(next) {
    if (shown === null || order(shown).length === 0) return false;
    const same = String(order(shown)) === String(order(next));
    return !same || shown.reply?.text !== next.reply?.text;
  }

  /** Show a suggestion now, or let it wait where showing it would move what somebody is at. */
  function offer(next) {
    if (isBusy() && moves(next)) {
      waiting = next;
      onHold(true);
      settleLater();
    } else apply(next);
  }

  function settleLater() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (waiting !== null && !isBusy()) apply(waiting);
    }, SETTLE);
  }

  function apply(next) {
    const hadFocus = cards.get(current)?.contains(document.activeElement);
    const before = places();
    waiting = null;
    shown = next;
    if (!order(next).includes(current)) current = null;
    place(lists.articles, next.articles);
    place(lists.cases, next.cases);
    for (const [document, card] of cards) {
      if (!order(next).includes(document)) {
        card.remove();
        cards.delete(document);
      }
    }
    thin();
    const names = walk();
    select(names.includes(current) ? current : (names[0] ?? null));
    onHold(false);
    draw(next);
    glide(before);
    if (hadFocus) cards.get(current)?.focus({ preventScroll: true });
  }

  function place(list, answers) {
    answers.forEach((answer, i) => {
      let card = cards.get(answer.document);
      if (card === undefined) {
        card = clone("t-answer");
        cards.set(answer.document, card);
      }
      fill(card, answer, extras(answer));
      if (list.children[i] !== card) list.insertBefore(card, list.children[i] ?? null);
    });
  }

  /** The first of a list, and what is not far less sure, or was dealt with; all when asked for. */
  function visible(name) {
    const answers = shown?.[name] ?? [];
    return answers.filter((answer, i) => i === 0 || wide.has(name) || !isWeak(answer));
  }

  function thin() {
    for (const [name, list] of Object.entries(lists)) {
      const seen = visible(name).map((answer) => answer.document);
      for (const card of list.children) card.hidden = !seen.includes(card.dataset.document);
      const answers = shown?.[name] ?? [];
      const rest = answers.filter((answer, i) => i > 0 && isWeak(answer)).length;
      const button = document.querySelector(`[data-do="weak"][data-list="${name}"]`);
      button.hidden = rest === 0;
      button.setAttribute("aria-expanded", String(wide.has(name)));
      button.textContent = wide.has(name) ? text("fewer") : counted("weak", rest);
    }
  }

  function places() {
    return new Map([...cards].map(([document, card]) => [document, card.getBoundingClientRect().top]));
  }

  /** From where they were to where they are. */
  function glide(before) {
    if (isReduced() || document.visibilityState === "hidden") return;
    const options = { duration: MOVE, easing: "cubic-bezier(0.2, 0, 0, 1)" };
    for (const [document, card] of cards) {
      const top = before.get(document);
      const way = top === undefined ? 0 : top - card.getBoundingClientRect().top;
      if (top === undefined && before.size > 0) card.animate({ opacity: [0, 1] }, options);
      else if (way !== 0) card.animate({ transform: [`translateY(${way}px)`, "none"] }, options);
    }
  }

  /** Make a document the current one. */
  function select(document) {
    current = document;
    for (const [name, card] of cards) setCurrent(card, name === document);
  }

  /** Go to the next answer (1) or the one before (-1); the focus goes along. */
  function step(way) {
    if (shown === null) return;
    const names = walk();
    const at = names.indexOf(current);
    const isThere = cards.get(current)?.contains(document.activeElement);
    const to = isThere ? Math.min(Math.max(at + way, 0), names.length - 1) : Math.max(at, 0);
    focus(names[to]);
  }

  function focus(document) {
    if (!cards.has(document)) return;
    const name = shown.articles.some((answer) => answer.document === document) ? "articles" : "cases";
    if (cards.get(document).hidden) wide.add(name);
    thin();
    select(document);
    cards.get(document).focus({ preventScroll: true });
    cards.get(document).scrollIntoView({ block: "nearest", behavior: isReduced() ? "auto" : "smooth" });
  }

  for (const place of held) {
    place.addEventListener("pointerenter", (event) => {
      pointerIn = event.pointerType !== "touch";
    });
    place.addEventListener("pointerleave", () => {
      pointerIn = false;
      settleLater();
    });
    place.addEventListener("focusout", settleLater);
  }
  for (const list of Object.values(lists)) {
    list.addEventListener("pointerdown", (event) => {
      const card = event.target.closest(".card");
      if (card && !event.target.closest("button, a")) select(card.dataset.document);
    });
    list.addEventListener("focusin", (event) => {
      const card = event.target.closest(".card");
      if (card && card.dataset.document !== current && !event.target.closest("button")) {
        select(card.dataset.document);
      }
    });
  }

  return {
    offer,
    step,
    focus,
    answerOf,
    get shown() {
      return shown;
    },
    get current() {
      return answerOf(current);
    },
    get latest() {
      return waiting ?? shown;
    },
    settleLater,
    refresh() {
      if (waiting !== null) apply(waiting);
    },
    /** Show again what is known of the answers on the screen (marks, counts). */
    retouch() {
      for (const [document, card] of cards) {
        const answer = answerOf(document);
        if (answer) showMark(card, extras(answer).mark);
      }
    },
    position(answer) {
      const list = answer.pool === "article" ? shown?.articles : shown?.cases;
      const at = (list ?? []).findIndex((other) => other.document === answer.document);
      return at < 0 ? null : at;
    },
    /** Show what is far less sure, too, or hide it again. */
    toggle(name) {
      if (!wide.delete(name)) wide.add(name);
      thin();
      if (cards.get(current)?.hidden) select(walk()[0] ?? null);
    },
    clear() {
      clearTimeout(timer);
      wide.clear();
      for (const card of cards.values()) card.remove();
      cards.clear();
      shown = waiting = current = null;
      onHold(false);
    },
  };
}

// One answer on a card.

import { part, write } from "./dom.js";
import { prose } from "./prose.js";
import { ago, counted, day, languageName, share, text } from "./texts.js";

const SURE = [
  [0.75, "sure"],
  [0.45, "likely"],
  [0.2, "possible"],
  [0, "doubtful"],
];
let count = 0;

/** Whether an answer waits behind a click when it is not the first. */
export const isWeak = (answer) => answer.confidence < 0.2;

/** How sure an answer is, in a word: sure, likely, possible or doubtful. */
export const sureness = (confidence) => SURE.find(([least]) => confidence >= least)[1];

function fillFrom(card, answer, customerLanguage) {
  const isOther = customerLanguage !== null && answer.language !== customerLanguage;
  const language = part(card, "language");
  language.textContent = isOther ? languageName(answer.language) : answer.language.toUpperCase();
  language.title = languageName(answer.language);
  language.classList.toggle("pill--warn", isOther);
  const isArticle = answer.pool === "article";
  part(card, "trusted").hidden = answer.trust !== "validated";
  part(card, "untrusted").hidden = !isArticle || answer.trust === "validated";
  part(card, "internal").hidden = !isArticle || answer.audience !== "internal";
  write(card, "heading", answer.passage.heading, answer.language);
}

function fillFacts(card, answer, solvedBefore) {
  const sure = sureness(answer.confidence);
  const shown = part(card, "sure");
  shown.dataset.sure = sure;
  shown.title = text("sure_title", { share: share(answer.confidence) });
  part(card, "sure-text").textContent = text(sure);
  const fresh = write(card, "fresh", answer.updated_at ? ago(answer.updated_at, true) : "");
  if (answer.updated_at) fresh.title = `${text("updated", { ago: ago(answer.updated_at) })} (${day(answer.updated_at)})`;
  write(card, "solved", solvedBefore > 0 ? counted("solved_before", solvedBefore) : "");
}

/** Write an answer into a card; `mark` is what was done with it: used, fixed, flagged, dismissed. */
export function fill(card, answer, { customerLanguage = null, solvedBefore = 0, mark = {} } = {}) {
  card.dataset.document = answer.document;
  const title = part(card, "title");
  title.id ||= `title-${(count += 1)}`;
  title.textContent = answer.title;
  title.lang = answer.language;
  card.setAttribute("aria-labelledby", title.id);
  part(card, "acts").setAttribute("aria-labelledby", title.id);
  fillFrom(card, answer, customerLanguage);
  const body = part(card, "text");
  body.lang = answer.language;
  body.replaceChildren(prose(answer.passage.text, answer.passage.highlights));
  fillFacts(card, answer, solvedBefore);
  showMark(card, mark);
}

/** Show what was done with an answer. */
export function showMark(card, mark) {
  const done = ["added", "fixed", "flagged", "used"].find((name) => mark[name]);
  const isOut = Boolean(mark.dismissed) && !mark.used;
  card.classList.toggle("is-out", isOut);
  const words = isOut ? text("dismissed") : done ? `✓ ${text(done)}` : "";
  write(card, "done", words).classList.toggle("pill--good", !isOut);
  for (const [act, name] of [["use", "used"], ["fix", "fixed"], ["flag", "flagged"], ["dismiss", "dismissed"]]) {
    const button = card.querySelector(`[data-do="${act}"]`);
    if (mark[name]) button.setAttribute("aria-pressed", "true");
    else button.removeAttribute("aria-pressed");
  }
}

/** Make a card the one that single keys act on, or an ordinary one. */
export function setCurrent(card, isCurrent) {
  card.classList.toggle("is-current", isCurrent);
  card.tabIndex = isCurrent ? 0 : -1;
  for (const button of card.querySelectorAll(".act")) button.tabIndex = isCurrent ? 0 : -1;
  const body = part(card, "text");
  body.classList.toggle("is-whole", body.scrollHeight <= body.clientHeight + 4);
}

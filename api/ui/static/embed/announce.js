// One voice for screen readers: polite, and never two things at once.

import { sureness } from "./card.js";
import { text } from "./texts.js";

const QUIET = 5_000; // milliseconds between what comes by itself

const region = document.getElementById("voice");
let spokeAt = -QUIET;
let timer = 0;
let lastBest = null; // the document that was on top

function speak(words) {
  spokeAt = performance.now();
  region.textContent = "";
  // A change that is seen, also when the words are the same as before.
  requestAnimationFrame(() => {
    region.textContent = words;
  });
}

/** Answer to what the person did: said at once. */
export function reply(words) {
  clearTimeout(timer);
  speak(words);
}

/** News: the last one is said, after a pause. */
export function announce(words) {
  clearTimeout(timer);
  timer = setTimeout(() => speak(words), Math.max(600, spokeAt + QUIET - performance.now()));
}

/** The best answer, when it is another one than before. */
export function sayBest(suggestion, isGap) {
  const best = suggestion.articles[0] ?? suggestion.cases[0] ?? null;
  if (isGap) announce(text("nothing_said"));
  else if (best !== null && best.document !== lastBest) {
    announce(text("best_said", { title: best.title, sure: text(sureness(best.confidence)) }));
  }
  lastBest = best?.document ?? null;
}

// One voice for screen readers: polite, and never two things at once.

const QUIET = 5_000; // milliseconds between what comes by itself

const region = document.getElementById("voice");
let spokeAt = -QUIET;
let timer = 0;

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

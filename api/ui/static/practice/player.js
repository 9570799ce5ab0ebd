// Plays the turns of a conversation one after another, as fast as people write.

const LETTERS = 26; // that somebody writes in a second
const SHORTEST = 1.4; // seconds
const LONGEST = 6;

const secondsFor = (turn) => turn.wait ?? Math.min(LONGEST, Math.max(SHORTEST, 0.8 + turn.text.length / LETTERS));

/**
 * `next()` gives the turn that comes or null, `take()` says it, `onChange()` is told whenever
 * something is to be painted anew.
 */
export function createPlayer({ next, take, onChange }) {
  let timer = 0;
  let isPlaying = false;
  let speed = 1;

  function plan() {
    clearTimeout(timer);
    const turn = next();
    if (turn === null) isPlaying = false;
    if (isPlaying) timer = setTimeout(step, (secondsFor(turn) * 1000) / speed);
    onChange();
  }

  function step() {
    if (next() !== null) take();
    plan();
  }

  return {
    step,
    get isPlaying() {
      return isPlaying;
    },
    play() {
      isPlaying = true;
      plan();
    },
    pause() {
      isPlaying = false;
      plan();
    },
    toggle() {
      isPlaying = !isPlaying;
      plan();
    },
    set speed(value) {
      speed = value;
      plan();
    },
  };
}

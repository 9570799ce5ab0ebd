// A text area that shows where its words come from: under it lies the same text, in which what
// is hidden and the sentence one is at are marked. Both move along as one types.

/** Where a text changed: `[start, end)` of the old one became `length` characters. */
export function changed(before, after) {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  let tail = 0;
  while (tail < most - start && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return { start, end: before.length - tail, length: after.length - tail - start };
}

/** The traces after a change; a mask that was typed into is none any more. */
export function shifted(traces, { start, end, length }, isMask) {
  const by = length - (end - start);
  const found = [];
  for (const trace of traces) {
    if (trace.end <= start) found.push(trace);
    else if (trace.start >= end) found.push({ ...trace, start: trace.start + by, end: trace.end + by });
    else if (!isMask) {
      const from = Math.min(trace.start, start);
      const to = Math.max(trace.end + by, start + length);
      if (to > from) found.push({ ...trace, start: from, end: to });
    }
  }
  return found;
}

/** `onTrace(trace or null)` is told which sentence the caret or the pointer is at. */
export function createInk(area, onTrace) {
  const under = area.previousElementSibling;
  let text = area.value;
  let masks = JSON.parse(area.dataset.masks);
  let sources = JSON.parse(area.dataset.sources);
  let current = null;

  function paint() {
    const cuts = new Set([0, text.length]);
    for (const one of [...masks, ...(current ? [current] : [])]) cuts.add(one.start).add(one.end);
    const places = [...cuts].filter((at) => at <= text.length).sort((a, b) => a - b);
    const pieces = [];
    for (let n = 0; n + 1 < places.length; n += 1) {
      const [start, end] = [places[n], places[n + 1]];
      const piece = document.createElement("span");
      piece.textContent = text.slice(start, end);
      const inside = (one) => one.start <= start && end <= one.end;
      if (masks.some(inside)) piece.className = "mask";
      if (current && inside(current)) piece.classList.add("here");
      pieces.push(piece);
    }
    // A last empty line has no height without a character.
    under.replaceChildren(...pieces, "\u200b");
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 4}px`;
  }

  function look(at) {
    const found = at === null ? null : (sources.find((one) => one.start <= at && at <= one.end) ?? null);
    if (found?.start === current?.start && found?.end === current?.end) return;
    current = found;
    paint();
    onTrace(found);
  }

  const caret = () => look(document.activeElement === area ? area.selectionStart : null);

  /** The character under the pointer, found on the text that lies below. */
  function pointed(event) {
    for (const piece of sources) {
      const range = document.createRange();
      const [first, last] = [locate(piece.start), locate(piece.end)];
      if (!first || !last) continue;
      range.setStart(...first);
      range.setEnd(...last);
      for (const box of range.getClientRects()) {
        const isIn = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
        if (isIn) return piece.start;
      }
    }
    return null;
  }

  function locate(offset) {
    let at = 0;
    for (const piece of under.children) {
      const { length } = piece.textContent;
      if (offset <= at + length && length > 0) return [piece.firstChild, offset - at];
      at += length;
    }
    return null;
  }

  area.addEventListener("input", () => {
    const change = changed(text, area.value);
    masks = shifted(masks, change, true);
    sources = shifted(sources, change, false);
    current = null;
    text = area.value;
    paint();
    caret();
  });
  area.addEventListener("focus", caret);
  area.addEventListener("blur", caret);
  area.addEventListener("pointermove", (event) => {
    if (document.activeElement !== area) look(pointed(event));
  });
  area.addEventListener("pointerleave", () => {
    if (document.activeElement !== area) look(null);
  });
  const onSelection = () => {
    if (!area.isConnected) document.removeEventListener("selectionchange", onSelection);
    else if (document.activeElement === area) caret();
  };
  document.addEventListener("selectionchange", onSelection);
  const size = new ResizeObserver(() => area.isConnected && paint());
  size.observe(area.parentElement);
  paint();
  return { paint };
}

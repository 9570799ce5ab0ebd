// The cases beside a draft: what a sentence comes from is shown in them, and words are picked
// out of them to be hidden.

const canHighlight = typeof Highlight !== "undefined" && "highlights" in CSS;

/** The part of a case that a trace is about, and its name. */
export function partOf(trace) {
  const section = document.querySelector(`.raw[data-case="${CSS.escape(trace.case)}"]`);
  const part = section?.querySelector(`[data-part="${CSS.escape(trace.part)}"]`) ?? null;
  if (part === null) return null;
  const several = document.querySelectorAll(".raw").length > 1;
  const name = part.querySelector("h4").textContent.trim();
  return { part, name: several ? `${name}, ${trace.case}` : name };
}

/** Mark the stretch of the case, and bring it into view beside the draft. */
export function show(trace) {
  if (canHighlight) CSS.highlights.delete("source");
  document.querySelector(".raw__part.is-source")?.classList.remove("is-source");
  const found = trace && partOf(trace);
  if (!found) return;
  found.part.classList.add("is-source");
  const range = document.createRange();
  let isBegun = false;
  for (const piece of found.part.querySelectorAll("[data-start]")) {
    const [start, end] = [Number(piece.dataset.start), Number(piece.dataset.end)];
    if (end <= trace.raw_start || start >= trace.raw_end) continue;
    const node = piece.firstChild;
    const isWhole = piece.classList.contains("mask");
    if (!isBegun) range.setStart(node, isWhole ? 0 : Math.max(0, trace.raw_start - start));
    isBegun = true;
    range.setEnd(node, isWhole ? node.length : Math.min(node.length, trace.raw_end - start));
  }
  if (isBegun && canHighlight) CSS.highlights.set("source", new Highlight(range));
  const pane = document.getElementById("cases");
  if (getComputedStyle(pane).overflowY === "auto") {
    const [box, of] = [found.part.getBoundingClientRect(), pane.getBoundingClientRect()];
    if (box.top < of.top || box.bottom > of.bottom) pane.scrollTop += box.top - of.top - 24;
  }
}

/** What is selected in one part of a case, as the form names places; null where that is nothing. */
export function selected() {
  const selection = getSelection();
  if (selection.rangeCount === 0 || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const part = holder(range.commonAncestorContainer, "[data-part]");
  const [first, last] = [holder(range.startContainer, "[data-start]"), holder(range.endContainer, "[data-start]")];
  if (!part || !first || !last || part.closest("#cases") === null) return null;
  const start = Number(first.dataset.start) + (first.classList.contains("mask") ? 0 : range.startOffset);
  const end = last.classList.contains("mask") ? Number(last.dataset.end) : Number(last.dataset.start) + range.endOffset;
  if (end <= start || range.toString().trim() === "") return null;
  const { case: key } = part.closest("[data-case]").dataset;
  return { place: `${key} ${part.dataset.part} ${start} ${end} name`, box: range.getBoundingClientRect() };
}

function holder(node, selector) {
  return (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).closest(selector);
}

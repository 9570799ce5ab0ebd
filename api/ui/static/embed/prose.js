// A passage in Markdown as elements, its highlights marked. It makes elements and texts only, so
// that whatever stands in a passage stays a text.

import { element } from "./dom.js";

const HEADING = /^#{1,6}\s+/;
const ITEM = /^\s*(?:(\d{1,3})[.)]|[-*+])\s+/;
const RULE = /^\s*(?:\|?[\s:|-]*-{3,}[\s:|-]*|```\w*|~~~\w*)$/;
const INLINE = /\*\*(.+?)\*\*|__(.+?)__|`([^`]+)`|!?\[([^\]]*)\]\([^)\s]*\)|(?<!\w)[*_](?=\S)(.+?)(?<=\S)[*_](?!\w)|\\([^\w\s])/g;
const TAGS = [null, "strong", "strong", "code", "span", "em", "span"];

/** The blocks of a passage: `{kind, number, pieces: [{text, start}]}`, a piece for each line. */
function blocksOf(text) {
  const blocks = [];
  let start = 0;
  let isOpen = false;
  for (const line of text.split("\n")) {
    const [heading] = HEADING.exec(line) ?? [];
    const item = ITEM.exec(line);
    const quote = /^\s*>\s?/.exec(line);
    const mark = heading ?? item?.[0] ?? quote?.[0] ?? /^\s*/.exec(line)[0];
    const piece = { text: line.slice(mark.length), start: start + mark.length };
    if (RULE.test(line)) isOpen = false;
    else if (!piece.text.trim()) isOpen = false;
    else if (heading) {
      blocks.push({ kind: "heading", pieces: [piece] });
      isOpen = false;
    } else if (item) {
      const kind = item[1] ? "numbered" : "bullet";
      blocks.push({ kind, number: Number(item[1]), pieces: [piece] });
      isOpen = true;
    } else if (line.startsWith("|")) {
      blocks.push({ kind: "row", pieces: [piece] });
      isOpen = false;
    } else if (isOpen) blocks.at(-1).pieces.push(piece);
    else {
      blocks.push({ kind: "text", pieces: [piece] });
      isOpen = true;
    }
    start += line.length + 1;
  }
  return blocks;
}

/** A plain stretch of text with the highlights that fall into it. */
function marked(text, start, marks) {
  const nodes = [];
  let last = 0;
  for (const mark of marks) {
    const from = Math.max(mark.start - start, last);
    const to = Math.min(mark.end - start, text.length);
    if (to <= from) continue;
    nodes.push(text.slice(last, from), element("mark", {}, text.slice(from, to)));
    last = to;
  }
  nodes.push(text.slice(last));
  return nodes.filter((node) => node !== "");
}

function inline(text, start, marks) {
  const nodes = [];
  let last = 0;
  for (const found of text.matchAll(INLINE)) {
    const place = found.findIndex((group, i) => i > 0 && group !== undefined);
    const inner = found[place];
    nodes.push(...marked(text.slice(last, found.index), start + last, marks));
    const offset = start + found.index + found[0].indexOf(inner);
    const children = place === 3 || place === 6 ? marked(inner, offset, marks) : inline(inner, offset, marks);
    if (TAGS[place] === "span") nodes.push(...children);
    else nodes.push(element(TAGS[place], {}, ...children));
    last = found.index + found[0].length;
  }
  nodes.push(...marked(text.slice(last), start + last, marks));
  return nodes;
}

function cells(text) {
  return text.split("|").map((cell) => cell.trim()).filter(Boolean).join(" · ");
}

function content(block, marks) {
  if (block.kind === "row") return [cells(block.pieces[0].text)];
  return block.pieces.flatMap((piece, i) => {
    const nodes = inline(piece.text, piece.start, marks);
    return i === 0 ? nodes : [" ", ...nodes];
  });
}

/** Elements of a passage; `highlights` are `{start, end}` in characters of its text. */
export function prose(text, highlights = []) {
  // The server counts characters, a browser counts halves of the rare ones.
  const at = codePoints(text);
  const marks = highlights
    .map((span) => ({ start: at(span.start), end: at(span.end) }))
    .filter((span) => /\p{L}/u.test(text.slice(span.start, span.end)))
    .sort((a, b) => a.start - b.start);
  const made = document.createDocumentFragment();
  let list = null;
  for (const block of blocksOf(text)) {
    const children = content(block, marks);
    if (block.kind === "bullet" || block.kind === "numbered") {
      const tag = block.kind === "bullet" ? "ul" : "ol";
      if (list?.localName !== tag) {
        list = element(tag, tag === "ol" ? { start: block.number } : {});
        made.append(list);
      }
      list.append(element("li", {}, ...children));
    } else {
      list = null;
      const isHeading = block.kind === "heading";
      made.append(element("p", { className: isHeading ? "prose__head" : "" }, ...children));
    }
  }
  return made;
}

function codePoints(text) {
  if (!/[\uD800-\uDBFF]/.test(text)) return (place) => place;
  const places = [0];
  for (const letter of text) places.push(places.at(-1) + letter.length);
  return (place) => places[Math.min(place, places.length - 1)];
}

/** A passage as one would write it into a message: no Markdown, lists as lines. */
export function plain(text) {
  const lines = [];
  let before = "";
  for (const block of blocksOf(text)) {
    const words = content(block, []).map((node) => node.textContent ?? node).join("");
    const isItem = block.kind === "bullet" || block.kind === "numbered";
    if (lines.length > 0 && !(isItem && before === block.kind)) lines.push("");
    lines.push(isItem ? `${block.kind === "bullet" ? "–" : `${block.number}.`} ${words}` : words);
    before = block.kind;
  }
  return lines.join("\n");
}

// Marks in the text. Every change goes through the browser's own editing, so that undo knows it.

const PAIRS = { bold: "**", italic: "*", code: "`" };
const LINES = { heading: "## ", list: "- ", quote: "> " };
const LINE_MARK = /^(?:#{1,6} |[-*+] |\d+[.)] |> )/;

/** Put `words` in place of [start, end) and select [from, to) of them. */
export function replace(area, start, end, words, from = words.length, to = from) {
  area.focus({ preventScroll: true });
  area.setSelectionRange(start, end);
  const before = area.value;
  const done = words ? document.execCommand("insertText", false, words) : document.execCommand("delete");
  if (!done || (area.value === before && before.slice(start, end) !== words)) {
    area.setRangeText(words, start, end, "end");
    area.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" }));
  }
  area.setSelectionRange(start + from, start + to);
}

/** Scroll so that the character stands in the upper third, and select. */
export function select(area, start, end) {
  area.focus({ preventScroll: true });
  area.setSelectionRange(start, start);
  const mirror = document.createElement("div");
  mirror.className = "mirror";
  const style = getComputedStyle(area);
  for (const name of ["font", "letterSpacing", "lineHeight", "padding", "wordSpacing", "tabSize"]) mirror.style[name] = style[name];
  mirror.style.width = `${area.clientWidth}px`;
  mirror.textContent = area.value.slice(Math.max(0, start - 20_000), start);
  document.body.append(mirror);
  const lines = area.value.length > 20_000 && start > 20_000 ? (start / area.value.length) * area.scrollHeight : mirror.offsetHeight;
  mirror.remove();
  area.scrollTop = Math.max(0, lines - area.clientHeight / 3);
  area.setSelectionRange(start, end);
  area.scrollIntoView({ block: "nearest" });
}

function pair(area, mark, fallback) {
  const { selectionStart: start, selectionEnd: end, value } = area;
  const size = mark.length;
  if (value.slice(start - size, start) === mark && value.slice(end, end + size) === mark) {
    replace(area, start - size, end + size, value.slice(start, end), 0, end - start);
    return;
  }
  const words = value.slice(start, end);
  const inner = words.trim() || fallback;
  const lead = words.length - words.trimStart().length;
  const tail = words.trim() ? words.length - words.trimEnd().length : 0;
  const made = `${words.slice(0, lead)}${mark}${inner}${mark}${tail ? words.slice(-tail) : ""}`;
  replace(area, start, end, made, lead + size, lead + size + inner.length);
}

/** The whole lines that the selection touches. */
function lines(area) {
  const { selectionStart, selectionEnd, value } = area;
  const start = value.lastIndexOf("\n", selectionStart - 1) + 1;
  const stop = value.indexOf("\n", Math.max(selectionEnd - (selectionEnd > selectionStart ? 1 : 0), start));
  return { start, end: stop < 0 ? value.length : stop };
}

function mark(area, markOf, isMarked) {
  const { start, end } = lines(area);
  const old = area.value.slice(start, end).split("\n");
  const filled = old.filter((line) => line.trim());
  const remove = filled.length > 0 && filled.every(isMarked);
  let n = 0;
  const made = old.map((line) => {
    if (!line.trim() && old.length > 1) return line;
    const bare = line.replace(LINE_MARK, "");
    n += 1;
    return remove ? bare : markOf(n) + bare;
  });
  const words = made.join("\n");
  replace(area, start, end, words, old.length > 1 ? 0 : words.length, words.length);
}

/** Words as a block of their own, with empty lines around where they are needed. */
export function block(area, words, from, to) {
  const { selectionStart: start, selectionEnd: end, value } = area;
  const before = value.slice(0, start);
  const lead = !before || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  const after = value.slice(end);
  const tail = !after || after.startsWith("\n\n") ? "" : after.startsWith("\n") ? "\n" : "\n\n";
  replace(area, start, end, `${lead}${words}${tail}`, lead.length + from, lead.length + to);
}

export function apply(area, tool, sample) {
  if (tool === "code" && area.value.slice(area.selectionStart, area.selectionEnd).includes("\n")) {
    const words = area.value.slice(area.selectionStart, area.selectionEnd);
    block(area, `\`\`\`\n${words}\n\`\`\``, 4, 4 + words.length);
  } else if (PAIRS[tool]) pair(area, PAIRS[tool], sample);
  else if (tool === "steps") mark(area, (n) => `${n}. `, (line) => /^\d+[.)] /.test(line));
  else if (LINES[tool]) mark(area, () => LINES[tool], (line) => line.startsWith(LINES[tool]));
  else if (tool === "table") {
    const [a, b] = sample.split("|");
    const words = `| ${a} | ${b} |\n| --- | --- |\n|  |  |\n|  |  |`;
    block(area, words, 2, 2 + a.length);
  }
}

/** Enter inside a list goes on with the list; on an empty item it ends. Gives whether it did. */
export function goOn(area) {
  const { selectionStart, selectionEnd, value } = area;
  if (selectionStart !== selectionEnd) return false;
  const start = value.lastIndexOf("\n", selectionStart - 1) + 1;
  const line = value.slice(start, selectionStart);
  const found = /^(\s*)([-*+]|(\d+)([.)])|>) (.*)$/.exec(line);
  if (!found) return false;
  const [, indent, bullet, number, dot, words] = found;
  if (!words.trim()) {
    replace(area, start, selectionStart, "\n"); // else what follows would belong to the item
    return true;
  }
  const next = number ? `${Number(number) + 1}${dot}` : bullet;
  replace(area, selectionStart, selectionStart, `\n${indent}${next} `);
  return true;
}

/** Characters as the server counts them (code points) -> as the browser does. */
export function unitsAt(words, places) {
  const wanted = [...new Set(places)].sort((a, b) => a - b);
  const found = new Map();
  let units = 0;
  let points = 0;
  for (const place of wanted) {
    while (points < place && units < words.length) {
      units += words.codePointAt(units) > 0xffff ? 2 : 1;
      points += 1;
    }
    found.set(place, units);
  }
  return found;
}

// The columns of a table that somebody chose, read from its first line, to pick from.

const READ = 65536; // bytes in which the first line ends
const TABLE = /\.(csv|tsv)$/i;
const LINES = /\.(jsonl|ndjson)$/i;

/** The cells of the first record; what stands in quotes may hold the delimiter and new lines. */
export function firstRecord(text) {
  const cells = [];
  let cell = "";
  let isQuoted = false;
  const delimiter = delimiterOf(text);
  for (const sign of text.replace(/^\uFEFF/, "")) {
    if (sign === '"') isQuoted = !isQuoted;
    else if (!isQuoted && sign === delimiter) {
      cells.push(cell.trim());
      cell = "";
    } else if (!isQuoted && (sign === "\n" || sign === "\r")) break;
    else cell += sign;
  }
  return [...cells, cell.trim()].filter(Boolean);
}

function delimiterOf(text) {
  const line = text.split(/\r?\n/, 1)[0].replace(/"[^"]*"/g, "");
  const times = (sign) => line.split(sign).length;
  return [",", ";", "\t"].reduce((best, sign) => (times(sign) > times(best) ? sign : best));
}

function keysOf(text) {
  try { return Object.keys(JSON.parse(text.split("\n", 1)[0])); } catch { return []; }
}

/** The names of a file's columns; none for a file that is no table. */
async function columnsOf(file) {
  if (!file || !(TABLE.test(file.name) || LINES.test(file.name))) return [];
  const text = await file.slice(0, READ).text();
  return TABLE.test(file.name) ? firstRecord(text) : keysOf(text);
}

/** Offer the columns of whatever `file` holds in the fields of `part`, which opens for a table. */
export function offerColumns(file, part) {
  const list = part.querySelector("datalist");
  const told = part.querySelector("[data-found]");
  file.addEventListener("change", async () => {
    const one = file.files[0];
    const names = (await columnsOf(one)).slice(0, 100);
    if (one !== file.files[0]) return; // another one was chosen meanwhile
    list.replaceChildren(...names.map((name) => new Option("", name)));
    told.hidden = names.length === 0;
    told.textContent = told.dataset.found.replace("{names}", () => names.join(" · "));
    const known = names.map((name) => name.toLowerCase());
    if (names.length > 0 && !(known.includes("title") && known.includes("body"))) part.open = true;
  });
}

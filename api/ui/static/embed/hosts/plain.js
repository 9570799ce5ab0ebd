// HTML of a helpdesk as plain text. Nothing of it becomes part of this page: tags are cut out of
// the text, they are never parsed into elements (which the content security policy forbids too).

const NAMED = {
  amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " ", shy: "", ndash: "–", mdash: "—",
  hellip: "…", laquo: "«", raquo: "»", ldquo: "“", rdquo: "”", lsquo: "‘", rsquo: "’", bdquo: "„",
  sbquo: "‚", bull: "•", middot: "·", euro: "€", pound: "£", copy: "©", reg: "®", trade: "™",
  deg: "°", times: "×", eacute: "é", aacute: "á", iacute: "í", oacute: "ó", uacute: "ú",
  yacute: "ý", ouml: "ö", uuml: "ü", auml: "ä", szlig: "ß", scaron: "š", zcaron: "ž", ccaron: "č",
  Scaron: "Š", Zcaron: "Ž", Ccaron: "Č", ecaron: "ě", rcaron: "ř", uring: "ů", lstrok: "ł",
  aogon: "ą", eogon: "ę", cacute: "ć", nacute: "ń", sacute: "ś", zacute: "ź", zdot: "ż",
  odblac: "ő", udblac: "ű",
};

const MOST = 200_000; // characters that are looked at
const UNSEEN = new Set(["script", "style", "head", "title", "template"]);
const LINES = new Set(["br", "hr"]);
const BLOCKS = new Set([
  "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "ul", "ol",
  "table",
]);

function entity(whole, name) {
  if (name[0] !== "#") return Object.hasOwn(NAMED, name) ? NAMED[name] : whole;
  const isHex = name[1] === "x" || name[1] === "X";
  const code = Number.parseInt(name.slice(isHex ? 2 : 1), isHex ? 16 : 10);
  const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : "";
}

const seen = (text) =>
  text.replace(/&(#?[a-z0-9]{1,31});/gi, entity).replace(/[\s\u00a0]+/g, " ");

/** What stands between tags, and a line break for each tag that makes one; in one pass. */
function* pieces(html) {
  const lower = html.toLowerCase();
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    if (open < 0) break;
    yield seen(html.slice(at, open));
    const tag = /^<(\/?)([a-z][a-z0-9]*)/.exec(lower.slice(open, open + 20));
    const isComment = lower.startsWith("<!--", open);
    if (tag === null && lower[open + 1] !== "!") {
      yield "<";
      at = open + 1;
      continue;
    }
    const close = isComment ? html.indexOf("-->", open) + 2 : html.indexOf(">", open);
    if (close < open) return; // a tag that never ends
    at = close + 1;
    const [, isEnd, name] = tag ?? [];
    if (LINES.has(name) || BLOCKS.has(name)) yield "\n";
    if (!isEnd && UNSEEN.has(name)) {
      const end = lower.indexOf(`</${name}`, at);
      if (end < 0) return;
      at = end;
    }
  }
  yield seen(html.slice(at));
}

/** What a reader would see of this HTML, in lines. */
export function plainText(html) {
  const lines = [...pieces(html.slice(0, MOST))].join("").split("\n");
  const tidy = lines.map((line) => line.replace(/ +/g, " ").trim()).join("\n");
  return tidy.replace(/\n{2,}/g, "\n").trim();
}

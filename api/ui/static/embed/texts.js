// Words of the page: they are in the template, translated, and are only picked out here.

const language = document.documentElement.lang;
const plurals = new Intl.PluralRules(language);
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const relativeShort = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
const days = new Intl.DateTimeFormat(language, { dateStyle: "long" });
const clock = new Intl.DateTimeFormat(language, { timeStyle: "short" });
const shares = new Intl.NumberFormat(language, { style: "percent" });
const names = new Intl.DisplayNames(language, { type: "language", languageDisplay: "standard" });
const UNITS = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["week", 7 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const known = new Map();
for (const element of document.querySelectorAll("#texts [data-text]")) {
  known.set(element.dataset.text + (element.dataset.plural ?? ""), element.textContent.trim());
}

function filled(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The text of that name; `{name}` in it is replaced by the value of that name. */
export function text(key, values = {}) {
  return filled(known.get(key) ?? key, values);
}

export function hasText(key) {
  return known.has(key);
}

/** The text of that name in the plural form that the number asks for; `{n}` is the number. */
export function counted(key, n) {
  const form = known.get(key + plurals.select(n)) ?? known.get(`${key}other`) ?? key;
  return filled(form, { n });
}

/** How long ago, in words or in short ones. */
export function ago(moment, isShort = false) {
  const format = isShort ? relativeShort : relative;
  const seconds = (new Date(moment).getTime() - Date.now()) / 1000;
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return format.format(Math.round(seconds / length), unit);
  }
  return format.format(0, "second");
}

export const day = (moment) => days.format(new Date(moment));
export const time = (moment) => clock.format(new Date(moment));
export const share = (value) => shares.format(Math.min(value, 0.99));

/** A language by its name in the language of the page; its code where it has none. */
export function languageName(code) {
  try {
    return names.of(code) ?? code.toUpperCase();
  } catch {
    return code.toUpperCase();
  }
}

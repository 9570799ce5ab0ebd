// What a host says of its conversation, checked: `potica.context`, version 1.
//
// Whatever comes in leaves as what POST /api/v1/interactions takes. A field that cannot be read is
// left out with a warning; the rest counts.

import { warnOnce } from "./frame.js";

export const VERSION = 1;
export const CHANNELS = ["phone", "email", "chat", "social", "self_service"];
const ROLES = ["customer", "agent", "system"];
const SOURCE = /^[a-z0-9][a-z0-9_-]{0,59}$/;
const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;
const MOST_TEXT = 20_000; // characters
const MOST_NAME = 120;
const MOST_LINE = 300;
const MOST_ID = 200;
const MOST_MESSAGES = 1000; // the newest are kept
const MOST_FACETS = 20;
const MOST_VALUES = 50;
const MOST_POSITION = 1_000_000_000;

export const isObject = (value) =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** Text that can be stored: no NUL, no half characters, no longer than `most` characters. */
export function cleanText(value, most) {
  const text = String(value).replaceAll("\0", "");
  const whole = text.toWellFormed
    ? text.toWellFormed()
    : text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "�");
  return whole.length <= most ? whole : [...whole].slice(0, most).join("");
}

/** A short text or a number as text; undefined when there is nothing in it. */
export function short(value, most = MOST_NAME) {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  return cleanText(value, most).trim() || undefined;
}

/** A moment as ISO text with a zone; undefined when it cannot be read as one. */
export function moment(value) {
  if (typeof value !== "string" || !/(?:Z|[+-]\d{2}:?\d{2})$/.test(value)) return undefined;
  const read = new Date(value);
  const year = read.getUTCFullYear();
  return Number.isNaN(year) || year < 1 || year > 9999 ? undefined : read.toISOString();
}

/** The name of a source in the form that the server keeps it; undefined when nothing is left. */
export function sourceName(value) {
  const name = String(value ?? "").toLowerCase().replace(/[^a-z0-9_-]+/g, "-");
  return name.replace(/^[^a-z0-9]+/, "").slice(0, 60) || undefined;
}

/** A language tag in usual letters, such as sl or pt-BR; undefined when it is none. */
export function language(value) {
  const tag = String(value ?? "").trim().replaceAll("_", "-").replace(/^[A-Za-z]+/, (base) =>
    base.toLowerCase(),
  );
  return LANGUAGE.test(tag) && tag.length <= 35 ? tag : undefined;
}

/** The same object without what is undefined. */
export function present(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function leftOut(name) {
  warnOnce(`field ${name}`, `${name} in the context of the host cannot be read: left out.`);
  return undefined;
}

function read(values, name, reader) {
  const value = values[name];
  if (value === undefined || value === null || value === "") return undefined;
  const found = reader(value);
  return found === undefined ? leftOut(name) : found;
}

function facets(value) {
  if (!isObject(value)) return undefined;
  const found = {};
  for (const [name, given] of Object.entries(value).slice(0, MOST_FACETS)) {
    const values = (Array.isArray(given) ? given : [given]).slice(0, MOST_VALUES);
    const texts = values.map((one) => short(one)).filter((one) => one !== undefined);
    const key = short(name);
    if (key !== undefined && texts.length > 0) found[key] = [...new Set(texts)];
    else leftOut("facets");
  }
  return found;
}

function interaction(values) {
  return present({
    source: read(values, "source", (value) => (SOURCE.test(value) ? value : undefined)),
    external_id: read(values, "external_id", (value) => short(value, MOST_ID)),
    channel: read(values, "channel", (value) => (CHANNELS.includes(value) ? value : undefined)),
    customer_ref: read(values, "customer_ref", short),
    customer_name: read(values, "customer_name", short),
    agent_ref: read(values, "agent_ref", short),
    language: read(values, "language", language),
    subject: read(values, "subject", (value) => short(value, MOST_LINE)),
    facets: read(values, "facets", facets),
  });
}

function position(value) {
  return Number.isInteger(value) && value >= 0 && value <= MOST_POSITION ? value : undefined;
}

function message(given) {
  const isRead =
    isObject(given) &&
    ROLES.includes(given.role) &&
    (typeof given.text === "string" || given.deleted === true);
  if (!isRead) return leftOut("messages");
  return present({
    id: read(given, "id", (value) => short(value, MOST_ID)),
    role: given.role,
    text: cleanText(given.text ?? "", MOST_TEXT),
    at: read(given, "at", moment),
    edited_at: read(given, "edited_at", moment),
    position: read(given, "position", position),
    deleted: given.deleted === true ? true : undefined,
  });
}

/**
 * A message of type `potica.context` as `{interaction, messages, capabilities}`, or null when it
 * is none. Never throws.
 */
export function readContext(given) {
  if (!isObject(given) || given.type !== "potica.context") return null;
  if (given.version !== VERSION) {
    warnOnce("version", `potica.context of version ${short(given.version)} is not understood.`);
    return null;
  }
  const messages = Array.isArray(given.messages) ? given.messages.slice(-MOST_MESSAGES) : [];
  const known = interaction(isObject(given.interaction) ? given.interaction : {});
  return {
    interaction: { channel: "chat", facets: {}, ...known },
    messages: messages.map(message).filter((one) => one !== undefined),
    capabilities: { insert: given.capabilities?.insert === true },
  };
}

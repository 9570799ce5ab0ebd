// A host that only writes an address: /embed?source=…&external_id=…&customer_ref=…&text=…

import { CHANNELS, language, readContext, short, sourceName, VERSION } from "./context.js";

const FIELDS = ["external_id", "customer_ref", "customer_name", "agent_ref", "subject"];

/** The context that an address tells, or null when it tells none. */
export function contextOfQuery(query) {
  const told = Object.fromEntries(FIELDS.map((name) => [name, query.get(name) ?? undefined]));
  const text = short(query.get("text") ?? "", 20_000);
  const isTold = text !== undefined || FIELDS.some((name) => told[name]) || query.has("source");
  if (!isTold) return null;
  const channel = query.get("channel");
  const interaction = {
    ...told,
    source: sourceName(query.get("source")),
    channel: CHANNELS.includes(channel) ? channel : undefined,
    language: language(query.get("language")),
    facets: facetsOf(query),
  };
  const messages = text === undefined ? [] : [{ role: "customer", text, id: "query" }];
  return readContext({ type: "potica.context", version: VERSION, interaction, messages });
}

/** `facet.country=SI` may stand there several times. */
function facetsOf(query) {
  const found = {};
  for (const [key, value] of query) {
    if (key.startsWith("facet.")) (found[key.slice(6)] ??= []).push(value);
  }
  return found;
}

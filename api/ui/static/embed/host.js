// Which helpdesk is around this page, and one way to speak with all of them.
//
//   const host = await connectHost({ onContext, onTheme });
//   host.name        "potica", "query", "chatwoot", "zendesk", "freshdesk" or "none"
//   host.canInsert   whether the host takes a text into its composer; it may change with a context
//   host.insert({ text, suggestionId, sources })   resolves to true when the host was given it
//   host.close()
//
// `onContext({ interaction, messages, capabilities })` gets all that is known of the conversation,
// each time something changed: interaction and messages are as POST /api/v1/interactions takes
// them (messages without an id get none). `onTheme("light" | "dark" | "auto")`.

import { connectChatwoot } from "./hosts/chatwoot.js";
import { frame } from "./hosts/frame.js";
import { connectFreshdesk } from "./hosts/freshdesk.js";
import { connectPotica } from "./hosts/potica.js";
import { contextOfQuery } from "./hosts/query.js";
import { connectZendesk } from "./hosts/zendesk.js";

const HOSTS = {
  chatwoot: connectChatwoot,
  freshdesk: connectFreshdesk,
  potica: connectPotica,
  zendesk: connectZendesk,
};

function nobody(name) {
  return { name, canInsert: false, insert: async () => false, close() {} };
}

function hostName(query) {
  if (query.has("app_guid") && query.has("origin")) return "zendesk";
  return Object.hasOwn(HOSTS, query.get("host")) ? query.get("host") : "potica";
}

/** What the address says; Zendesk's own client library looks for its two words in the hash, too. */
function asked() {
  const query = new URLSearchParams(location.search);
  const hash = new URLSearchParams(location.hash.slice(1));
  for (const name of ["origin", "app_guid"]) {
    if (!query.has(name) && hash.has(name)) query.set(name, hash.get(name));
  }
  return query;
}

export async function connectHost({ onContext = () => {}, onTheme = () => {} } = {}) {
  const query = asked();
  const told = contextOfQuery(query);
  const name = told === null ? hostName(query) : "query";
  if (told !== null) onContext(told);
  if (!frame.isFramed) return nobody(told === null ? "none" : "query");
  const connect = HOSTS[name] ?? connectPotica;
  return connect({ frame, query, onContext, onTheme, name }) ?? nobody("none");
}

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

import { frame } from "./hosts/frame.js";
import { connectPotica } from "./hosts/potica.js";
import { contextOfQuery } from "./hosts/query.js";

const nobody = {
  name: "none",
  canInsert: false,
  insert: async () => false,
  close() {},
};

export async function connectHost({ onContext = () => {}, onTheme = () => {} } = {}) {
  const query = new URLSearchParams(location.search);
  const told = contextOfQuery(query);
  const name = told === null ? "potica" : "query";
  const host = frame.isFramed
    ? connectPotica({ frame, onContext, onTheme, name })
    : { ...nobody, name: told === null ? "none" : "query" };
  if (told !== null) onContext(told);
  return host;
}

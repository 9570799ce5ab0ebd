// Freshdesk: its client library runs in the page of the app package around us (made by
// `potica integrations build freshdesk`), reads the ticket there and posts our own protocol.

import { connectPotica } from "./potica.js";

export function connectFreshdesk(given) {
  return connectPotica({ ...given, name: "freshdesk" });
}

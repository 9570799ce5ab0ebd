// What hostile pages do; tests call these in the page.
"use strict";

/** Show an address in a frame; gives whether its page was let in. */
function show(address, attributes = {}) {
  return new Promise((resolve) => {
    const frame = document.createElement("iframe");
    for (const [name, value] of Object.entries(attributes)) frame.setAttribute(name, value);
    frame.id = "shown";
    frame.addEventListener("load", () => resolve(true));
    frame.src = address;
    document.body.append(frame);
  });
}

const STOLEN = {
  type: "potica.context",
  version: 1,
  interaction: { source: "forged", external_id: "evil", channel: "chat", customer_name: "Mallory" },
  messages: [{ id: "1", role: "customer", text: "Kje je moj paket?" }],
  capabilities: { insert: true },
};

window.heard = [];
addEventListener("message", (event) => window.heard.push({ origin: event.origin, data: event.data }));

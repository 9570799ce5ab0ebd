// A page that includes embed.js and tells its conversation by window.Potica.
"use strict";

window.inserted = []; // tests look at it

const ROLES = { customer: "customer", agent: "agent" };

function context() {
  return {
    interaction: {
      external_id: "call-77",
      channel: "phone",
      customer_ref: CUSTOMER.email,
      customer_name: CUSTOMER.name,
      agent_ref: AGENT.email,
    },
    messages: TURNS.filter((turn) => turn.by in ROLES).map((turn) => ({
      id: String(turn.id),
      role: ROLES[turn.by],
      text: turn.text,
      at: at(turn).toISOString(),
    })),
  };
}

function changed() {
  window.Potica?.context(context());
}

addEventListener("potica:load", () => {
  window.Potica.on("insert", (given) => window.inserted.push(given));
  changed();
});

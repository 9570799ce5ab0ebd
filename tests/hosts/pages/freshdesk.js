// What a page of Freshdesk does for an app: it answers the client library in the app's frame.
"use strict";

const APP = "@APP@";
window.triggered = []; // tests look at it

const [first, ...others] = [TURNS[0], ...TURNS.slice(1)];

function objects() {
  return {
    ticket: {
      id: 25,
      subject: "PIN za paketnik",
      description_text: first.text,
      source: 1,
      requester_id: CUSTOMER.id,
      created_at: at(first).toISOString(),
    },
    contact: { ...CUSTOMER, unique_external_id: null },
    loggedInUser: { id: AGENT.id, contact: AGENT },
  };
}

/** GET /api/v2/tickets/[id]/conversations, as Freshdesk's API describes it. */
function conversations() {
  return TURNS.slice(1).filter((turn) => turn.by !== "activity").map((turn) => ({
    id: turn.id,
    body: `<div>${turn.text}</div>`,
    body_text: turn.text,
    incoming: turn.by === "customer",
    private: turn.by === "note",
    user_id: turn.by === "customer" ? CUSTOMER.id : AGENT.id,
    source: turn.by === "note" ? 2 : 0,
    created_at: at(turn).toISOString(),
    last_edited_at: null,
  }));
}

const answers = {
  get: (name) => ({ [name]: objects()[name] }),
  trigger(name, given) {
    window.triggered.push([name, given]);
    if (name !== "setValue" || given.id !== "editor") throw new Error(`unknown: ${name}`);
    document.getElementById("reply").insertAdjacentHTML("beforeend", given.text);
    return {};
  },
  resize({ height }) {
    document.getElementById("app").style.height = height;
    return {};
  },
  invokeTemplate(name, given) {
    if (name !== "conversations" || given.context.ticket_id !== "25") throw new Error("404");
    return { status: 200, response: JSON.stringify(given.context.page === "1" ? conversations() : []) };
  },
};

window.addEventListener("message", (event) => {
  if (event.origin !== APP || event.source !== document.getElementById("app").contentWindow) return;
  const { id, call, given } = event.data ?? {};
  if (!(call in answers)) return;
  try {
    event.source.postMessage({ id, result: answers[call](...given) }, APP);
  } catch (error) {
    event.source.postMessage({ id, error: error.message }, APP);
  }
});

function changed() {
  const message = { event: "ticket.propertiesUpdated" };
  document.getElementById("app").contentWindow.postMessage(message, APP);
}

// As the dashboard app's frame of Chatwoot behaves: it answers a question with the conversation,
// tells it once when the frame has loaded, and says nothing by itself when a message comes.
"use strict";

const FETCH = "chatwoot-dashboard-app:fetch-info";
const TYPES = { customer: 0, agent: 1, note: 1, activity: 2 };

function message(turn) {
  return {
    id: turn.id,
    content: turn.text,
    inbox_id: 1,
    conversation_id: 12,
    message_type: TYPES[turn.by],
    content_type: "text",
    status: "sent",
    content_attributes: {},
    created_at: Math.floor(at(turn).getTime() / 1000),
    private: turn.by === "note",
    source_id: null,
    sender: turn.by === "customer" ? { ...CUSTOMER, type: "contact" } : { ...AGENT, type: "user" },
  };
}

function appContext() {
  const contact = {
    ...CUSTOMER,
    availability_status: "offline",
    phone_number: null,
    identifier: null,
    thumbnail: "",
    custom_attributes: { potica_country: "SI", colour: "green" },
  };
  return {
    conversation: {
      id: 12,
      uuid: "6f1c3e0a-7d0e-4a0e-8b0e-2d6b9d4c1a11",
      account_id: 3,
      inbox_id: 1,
      status: "open",
      can_reply: true,
      labels: [],
      meta: { sender: contact, channel: "Channel::WebWidget", assignee: AGENT, hmac_verified: false },
      additional_attributes: { browser_language: "sl" },
      custom_attributes: {},
      messages: TURNS.map(message),
    },
    contact,
    currentAgent: AGENT,
  };
}

const frame = () => document.getElementById("dashboard-app--frame-0-0");

function onIframeLoad() {
  const eventData = { event: "appContext", data: appContext() };
  frame().contentWindow.postMessage(JSON.stringify(eventData), "*");
}

function changed() {} // nothing is told: the app has to ask

window.onmessage = (event) => {
  if (typeof event.data !== "string" || event.data !== FETCH) return;
  onIframeLoad();
};

document.addEventListener("DOMContentLoaded", () => frame().addEventListener("load", onIframeLoad));

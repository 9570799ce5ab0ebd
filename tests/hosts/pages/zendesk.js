// The other end of zendesk/zendesk_app_framework_sdk: it registers an app that shakes hands, and
// answers get, set and invoke by their id. Messages are JSON texts for the app's own origin.
"use strict";

const APP_GUID = "a7c1";
const KB = "@KB@";
const subscribed = new Set();
window.invoked = []; // tests look at it

const ROLES = { customer: "end-user", agent: "agent", note: "agent" };

function conversation() {
  return TURNS.filter((turn) => turn.by !== "activity").map((turn) => ({
    attachments: [],
    author: { ...(turn.by === "customer" ? CUSTOMER : AGENT), avatar: "", role: ROLES[turn.by] },
    channel: { name: turn.by === "note" ? "internal" : "email" },
    message: { content: `<div class="zd-comment" dir="auto"><p>${turn.text}</p></div>`, contentType: "text/html" },
    timestamp: at(turn).toISOString(),
  }));
}

function objects() {
  return {
    "ticket.id": 4711,
    "ticket.subject": "PIN za paketnik",
    "ticket.via": { channel: "email", source: {} },
    "ticket.requester": { ...CUSTOMER, externalId: "", locale: "sl", role: "end-user" },
    "ticket.conversation": conversation(),
    currentUser: { ...AGENT, role: "agent", locale: "sl" },
  };
}

const frame = () => document.getElementById("app").contentWindow;

function post(message) {
  frame().postMessage(JSON.stringify({ ...message, appGuid: APP_GUID, instanceGuid: APP_GUID }), KB);
}

function get(paths) {
  const known = objects();
  const result = { errors: {} };
  for (const path of paths) {
    if (path in known) result[path] = known[path];
    else result.errors[path] = { name: "Error", message: "Not found", path };
  }
  return result;
}

function invoke(calls) {
  const result = { errors: {} };
  for (const [action, given] of Object.entries(calls)) {
    window.invoked.push([action, ...given]);
    if (action === "ticket.editor.insert" || action === "ticket.comment.appendText") {
      document.getElementById("reply").value += given[0];
    } else if (action === "resize") {
      document.getElementById("app").style.height = given[0].height;
    } else {
      result.errors[action] = { name: "Error", message: "Unknown action", path: action };
    }
  }
  return result;
}

function register() {
  const context = { instanceGuid: APP_GUID, product: "support", location: "ticket_sidebar", ticketId: 4711 };
  const metadata = { appId: 1, installationId: 7, name: "Potica", version: "1.0.0", settings: {} };
  post({ key: "zaf.app.registered", message: { context, metadata } });
}

window.addEventListener("message", (event) => {
  if (event.origin !== KB || event.source !== frame() || typeof event.data !== "string") return;
  const told = JSON.parse(event.data);
  if (told.appGuid !== APP_GUID) return;
  if (told.key === "iframe.handshake") register();
  else if (told.key?.startsWith("iframe.on:")) subscribed.add(told.key.slice(10));
  else if (told.request === "get") post({ id: told.id, result: get(told.params) });
  else if (told.request === "invoke") post({ id: told.id, result: invoke(told.params) });
});

function changed() {
  const name = "ticket.conversation.changed";
  if (subscribed.has(name)) post({ key: `zaf.${name}`, message: conversation() });
}

document.addEventListener("DOMContentLoaded", () => document.forms[0].submit());

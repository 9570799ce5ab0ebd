// The practice desk: replays conversations and speaks with the sidebar as any helpdesk does, by
// messages between pages (docs/integrations/protocol.md).

import { createPlayer } from "./player.js";
import { moveOn, runOf, say, startOver } from "./runs.js";

document.documentElement.classList.add("js");

const VERSION = 1;
const at = (id) => document.getElementById(id);
const desk = at("desk");
const thread = at("thread");
const words = at("words");
const frame = at("sidebar");
const { language } = desk.dataset;
const conversations = JSON.parse(desk.dataset.conversations).map((conversation) => ({
  ...conversation,
  name: `${language}-${conversation.key}`,
  turns: conversation.turns.map(({ customer, agent, wait }) => ({
    role: customer === null ? "agent" : "customer",
    text: customer ?? agent,
    wait,
  })),
}));
const channels = new Map([...document.querySelectorAll("[data-channel]")].map((one) => [one.dataset.channel, one.textContent]));
const countries = new Intl.DisplayNames(document.documentElement.lang, { type: "region" });
const typing = at("typing").textContent;

let current = null; // the conversation on the desk
let run = null; // what was said in it
let isReady = false; // the sidebar listens
let wantsPlay = new URLSearchParams(location.search).get("play") !== "no"; // until somebody pauses

const player = createPlayer({
  next: () => current?.turns[run.next] ?? null,
  take() {
    const { role, text } = current.turns[run.next];
    moveOn(run);
    speak(role, text);
  },
  onChange: paintPlayer,
});

function paintPlayer() {
  const button = at("play");
  const isOver = current !== null && run.next >= current.turns.length;
  button.setAttribute("aria-pressed", String(player.isPlaying));
  button.disabled = isOver;
  at("step").disabled = isOver;
  at("play-name").textContent = isOver ? button.dataset.over : player.isPlaying ? button.dataset.pause : button.dataset.play;
  at("place").textContent = current === null ? "" : `${run.next} / ${current.turns.length}`;
  const turn = current?.turns[run.next];
  const isWriting = player.isPlaying && turn?.role === "customer";
  at("typing").hidden = !isWriting;
  at("typing").textContent = typing.replace("{name}", current?.customer.name ?? "");
}

function bubble({ role, text }) {
  const item = document.createElement("li");
  item.className = `talk__turn talk__turn--${role}`;
  const who = document.createElement("span");
  who.className = "talk__who";
  who.lang = document.documentElement.lang;
  who.textContent = role === "agent" ? thread.dataset.agent : thread.dataset.customer;
  const said = document.createElement("p");
  said.textContent = text;
  item.append(who, said);
  return item;
}

function speak(role, text) {
  say(run, role, text);
  at("turns").append(bubble({ role, text }));
  thread.scrollTop = thread.scrollHeight;
  if (role === "customer" && desk.dataset.pane !== "side") at("panes-new").hidden = false;
  tell();
}

/** Tell the sidebar all that is known of the conversation. */
function tell() {
  if (!isReady || current === null) return;
  const message = {
    type: "potica.context",
    version: VERSION,
    interaction: {
      source: "practice",
      external_id: `${current.name}-${run.id}`,
      channel: current.channel,
      customer_ref: current.customer.ref,
      customer_name: current.customer.name,
      subject: current.subject,
      facets: current.facets,
    },
    messages: run.said.map((turn, position) => ({ ...turn, position })),
    capabilities: { insert: true },
  };
  frame.contentWindow.postMessage(message, location.origin);
}

addEventListener("message", (event) => {
  if (event.source !== frame.contentWindow || event.origin !== location.origin) return;
  const { type, text } = event.data ?? {};
  if (type === "potica.ready") {
    isReady = true;
    tell();
  } else if (type === "potica.insert" && typeof text === "string") insert(text);
});

/** What the sidebar gives goes into the composer; sending it stays with the agent. */
function insert(text) {
  words.value = words.value.trim() ? `${words.value.trimEnd()}\n\n${text}` : text;
  words.classList.add("is-fresh");
  at("said").textContent = at("said").dataset.inserted;
  player.pause();
  setTimeout(() => words.classList.remove("is-fresh"), 2_500);
  if (matchMedia("(max-width: 44rem)").matches) {
    show("talk");
    words.focus();
  }
}

function send() {
  const text = words.value.trim();
  if (!text || current === null) return;
  const role = at("role").value;
  words.value = "";
  at("said").textContent = "";
  // What the agent would have said here is said now, in other words.
  if (role === "agent" && current.turns[run.next]?.role === "agent") moveOn(run);
  speak(role, text);
  paintPlayer();
}

function open(conversation) {
  current = conversation;
  run = runOf(current.name);
  for (const button of document.querySelectorAll(".mail")) {
    if (button.dataset.key === current.key) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  at("customer-name").textContent = current.customer.name;
  at("customer-face").textContent = current.customer.name.split(/\s+/).map((part) => part[0]).join("").slice(0, 2);
  at("customer-channel").textContent = channels.get(current.channel) ?? current.channel;
  at("customer-ref").textContent = current.customer.ref;
  at("customer-country").textContent = (current.facets.country ?? []).map((code) => countries.of(code)).join(", ");
  at("about").textContent = current.about;
  words.value = "";
  at("said").textContent = "";
  at("turns").replaceChildren(...run.said.map(bubble));
  thread.scrollTop = thread.scrollHeight;
  show("talk");
  tell();
  if (run.said.length === 0 && wantsPlay) player.play();
  else player.pause();
}

function toggle() {
  player.toggle();
  wantsPlay = player.isPlaying;
}

/** On a narrow screen one part of the desk is seen at a time. */
function show(pane) {
  desk.dataset.pane = pane;
  if (pane === "side") at("panes-new").hidden = true;
  for (const button of document.querySelectorAll("[data-show]")) {
    if (button.dataset.show === pane) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

document.querySelector(".inbox__list").addEventListener("click", (event) => {
  const button = event.target.closest(".mail");
  if (button) open(conversations.find((one) => one.key === button.dataset.key));
});
document.querySelector(".panes").addEventListener("click", (event) => {
  const button = event.target.closest("[data-show]");
  if (button) show(button.dataset.show);
});
at("play").addEventListener("click", toggle);
at("step").addEventListener("click", () => player.step());
at("speed").addEventListener("change", (event) => {
  player.speed = Number(event.target.value);
});
at("restart").addEventListener("click", () => {
  startOver(current.name);
  open(current);
});
at("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
words.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  send();
});

// Single keys work in the conversation alone, and not where one writes.
at("talk").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("textarea, select")) return;
  const act = { p: toggle, ArrowRight: () => player.step(), r: () => at("restart").click() }[event.key];
  if (!act || (event.key === "p" && at("play").disabled)) return;
  event.preventDefault();
  act();
});

// The composer grows with what is in it: the last turn stays in sight.
new ResizeObserver(() => {
  thread.scrollTop = thread.scrollHeight;
}).observe(thread);

if (conversations.length > 0) open(conversations[0]);

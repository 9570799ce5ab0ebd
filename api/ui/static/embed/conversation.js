// What the host says of the conversation, brought to the server: the first time whole, with the
// answer in the same round trip, then only what changed. Whatever fails is tried again; messages
// carry their ids, so that none is doubled.

import { Refusal } from "./api.js";
import { backoff } from "./live.js";

const FIRST = 3_000; // milliseconds that the first request waits for its suggestion
const BATCH = 500; // messages in a request
const HEAD = ["channel", "customer_ref", "customer_name", "agent_ref", "language", "subject", "facets"];

const signature = (message) =>
  JSON.stringify([message.role, message.text, message.at, message.edited_at, message.position, message.deleted]);
const nameOf = (message) => message.id ?? signature(message);

/**
 * `onView(view)`, `onVersion(version, arrivedAt)` for each state of the conversation that the
 * server took, `onTrouble(isTrouble)`, `onRefused(problem)`.
 */
export function createConversation({ api, onOpened, onView, onVersion, onTrouble, onRefused }) {
  let wanted = null; // {context, arrivedAt}
  let current = null; // {key, id, sent: Map, head}
  let isRunning = false;
  let isLive = false;
  let attempts = 0;
  let timer = 0;

  const keyOf = ({ interaction }) =>
    JSON.stringify([interaction.source ?? "", interaction.external_id ?? interaction.customer_ref ?? ""]);

  function context(given) {
    wanted = { context: given, arrivedAt: performance.now() };
    attempts = 0;
    run();
  }

  async function run() {
    if (isRunning || wanted === null) return;
    isRunning = true;
    clearTimeout(timer);
    try {
      while (await step());
      attempts = 0;
      onTrouble(false);
    } catch (error) {
      if (error instanceof Refusal) onRefused(error);
      else {
        onTrouble(true);
        timer = setTimeout(run, Math.max(error.after ?? 0, backoff(attempts++)));
      }
    } finally {
      isRunning = false;
    }
  }

  /** One request, if one is needed; true when there may be more to bring. */
  async function step() {
    const { context: given, arrivedAt } = wanted;
    const key = keyOf(given);
    if (current?.key !== key) return open(given, key, arrivedAt);
    const messages = news(given.messages);
    if (messages.length > 0) {
      await add(messages.slice(0, BATCH), arrivedAt);
      return true;
    }
    return change(given.interaction);
  }

  async function open(given, key, arrivedAt) {
    const head = headOf(given.interaction);
    const first = given.messages.slice(0, BATCH);
    const body = { ...given.interaction, messages: first };
    const view = await api.post(`/api/v1/interactions?wait=${FIRST}`, body);
    if (keyOf(wanted.context) !== key) return true; // the agent went on to another one
    current = { key, id: view.interaction.id, sent: new Map(), head: JSON.stringify(head) };
    note(first);
    onVersion(view.interaction.version, arrivedAt);
    onOpened(view);
    return true;
  }

  async function add(messages, arrivedAt) {
    const { id } = current;
    const wait = isLive ? 0 : FIRST;
    const path = `/api/v1/interactions/${id}/messages?wait=${wait}`;
    const { view } = await api.post(path, { messages });
    if (current.id !== id) return;
    note(messages);
    onVersion(view.interaction.version, arrivedAt);
    onView(view);
  }

  async function change(interaction) {
    const head = headOf(interaction);
    if (JSON.stringify(head) === current.head) return false;
    const { id } = current;
    const view = await api.patch(`/api/v1/interactions/${id}`, head);
    if (current.id !== id) return true;
    current.head = JSON.stringify(head);
    onView(view);
    return true;
  }

  function headOf(interaction) {
    return Object.fromEntries(HEAD.filter((name) => name in interaction).map((name) => [name, interaction[name]]));
  }

  function news(messages) {
    return messages.filter((message) => current.sent.get(nameOf(message)) !== signature(message));
  }

  function note(messages) {
    for (const message of messages) current.sent.set(nameOf(message), signature(message));
  }

  addEventListener("online", () => {
    attempts = 0;
    run();
  });

  return {
    context,
    again() {
      attempts = 0;
      run();
    },
    set isLive(value) {
      isLive = value;
    },
  };
}

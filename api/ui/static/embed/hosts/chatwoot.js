// Chatwoot's dashboard app (app/javascript/dashboard/components/widgets/DashboardApp/Frame.vue in
// chatwoot/chatwoot): the page around us posts `{event: "appContext", data}` as a JSON string when
// the frame has loaded and when it is asked with the text `chatwoot-dashboard-app:fetch-info`. It
// says nothing by itself when a message comes, so it is asked again and again while it is seen.
// Nothing can be put into its composer: the sidebar copies instead.

import { isObject, present, readContext, short, sourceName, VERSION } from "./context.js";
import { warnOnce } from "./frame.js";

const ASK = "chatwoot-dashboard-app:fetch-info";
const EVERY = 2_000; // milliseconds between questions
const FACET = "potica_"; // custom attributes of this beginning are facets

const CHANNELS = {
  "Channel::Email": "email",
  "Channel::FacebookPage": "social",
  "Channel::Instagram": "social",
  "Channel::TwitterProfile": "social",
  "Channel::Tiktok": "social",
  "Channel::Voice": "phone",
};
const ROLES = {
  0: "customer", incoming: "customer",
  1: "agent", outgoing: "agent",
  3: "system", template: "system",
}; // 2, activity: what happened, not what was said
const UNSENT = ["progress", "failed"];

function moment(value) {
  const seconds = typeof value === "number" ? value * 1000 : Date.parse(value);
  return Number.isFinite(seconds) && Math.abs(seconds) < 8e15
    ? new Date(seconds).toISOString()
    : undefined;
}

function message(given) {
  if (!isObject(given) || given.private === true || UNSENT.includes(given.status)) return null;
  const role = ROLES[given.message_type];
  const isDeleted = given.content_attributes?.deleted === true;
  if (role === undefined || (typeof given.content !== "string" && !isDeleted)) return null;
  return present({
    id: short(given.id, 200),
    role,
    text: isDeleted ? "" : given.content,
    at: moment(given.created_at),
    position: Number.isInteger(given.id) ? given.id : undefined,
    deleted: isDeleted || undefined,
  });
}

function facets(...attributes) {
  const found = {};
  for (const [name, value] of attributes.flatMap((some) => Object.entries(some ?? {}))) {
    if (name.startsWith(FACET) && short(value)) found[name.slice(FACET.length)] = [short(value)];
  }
  return found;
}

/** `appContext` of Chatwoot as a context of ours; null when there is no conversation in it. */
export function contextOfChatwoot(data) {
  const { conversation, currentAgent } = isObject(data) ? data : {};
  if (!isObject(conversation) || short(conversation.id) === undefined) return null;
  const contact = isObject(data.contact) ? data.contact : (conversation.meta?.sender ?? {});
  const email = short(contact.email)?.toLowerCase();
  const known = short(contact.identifier) ?? email ?? short(contact.phone_number);
  const account = short(conversation.account_id);
  const channel = conversation.meta?.channel ?? conversation.channel;
  const messages = Array.isArray(conversation.messages) ? conversation.messages : [];
  return readContext({
    type: "potica.context",
    version: VERSION,
    interaction: {
      source: sourceName("chatwoot"),
      external_id: `${account === undefined ? "" : `${account}:`}${conversation.id}`,
      channel: Object.hasOwn(CHANNELS, channel) ? CHANNELS[channel] : "chat",
      customer_ref: known ?? (contact.id === undefined ? undefined : `chatwoot:${contact.id}`),
      customer_name: short(contact.name),
      agent_ref: short(currentAgent?.email)?.toLowerCase(),
      subject: short(conversation.additional_attributes?.mail_subject, 300),
      facets: facets(contact.custom_attributes, conversation.custom_attributes),
    },
    messages: messages.map(message).filter((one) => one !== null),
  });
}

function parsed(data) {
  if (typeof data !== "string") return data;
  try {
    return JSON.parse(data);
  } catch {
    return null; // somebody else's text
  }
}

export function connectChatwoot({ frame, onContext }) {
  let last = "";

  const stop = frame.listen((data) => {
    const told = parsed(data);
    if (!isObject(told) || told.event !== "appContext") return;
    const context = contextOfChatwoot(told.data);
    if (context === null) {
      warnOnce("chatwoot", "appContext holds no conversation: left out.");
      return;
    }
    const print = JSON.stringify(context);
    if (print === last) return;
    last = print;
    onContext(context);
  });

  const ask = () => {
    if (document.visibilityState === "visible" && frame.origin !== null) frame.post(ASK);
  };
  ask();
  const timer = setInterval(ask, EVERY);
  addEventListener("visibilitychange", ask);

  return {
    name: "chatwoot",
    canInsert: false,
    insert: async () => false,
    close() {
      stop();
      clearInterval(timer);
      removeEventListener("visibilitychange", ask);
    },
  };
}

// Zendesk: an app of the ticket sidebar. Zendesk opens us with `origin` and `app_guid` in the
// address; both ends then speak the protocol of zaf.js. Objects and actions as documented for the
// ticket sidebar: ticket.conversation, ticket.requester, ticket.editor.insert, ticket.comment.*.

import { isObject, moment, present, readContext, short, VERSION } from "./context.js";
import { warnOnce } from "./frame.js";
import { watchHeight } from "./height.js";
import { plainText } from "./plain.js";
import { Zaf } from "./zaf.js";

const PATHS = ["ticket.id", "ticket.subject", "ticket.via", "ticket.requester", "currentUser"];
const CONVERSATION = "ticket.conversation";
const CHANGES = ["ticket.conversation.changed", "ticket.requester.id.changed", "app.activated"];
const SOON = 100; // milliseconds; several changes of one moment are read together
const CHANNELS = {
  email: "email", mail: "email", web: "email", voice: "phone", phone: "phone",
  twitter: "social", facebook: "social", instagram_dm: "social", help_center: "self_service",
};
const HEIGHT = [320, 720]; // pixels, least and most

function role(author) {
  if (author?.role === "end-user" || author?.role === "customer") return "customer";
  return ["agent", "admin", "owner"].includes(author?.role) ? "agent" : "system";
}

/** Messages have no id: one is made of their moment and author, so that an edit is seen as one. */
function messages(conversation) {
  const seen = new Map();
  const found = [];
  for (const given of conversation) {
    const content = given?.message?.content;
    if (given?.channel?.name === "internal" || typeof content !== "string") continue;
    const at = moment(given.timestamp);
    const base = `${at ?? ""}/${short(given.author?.id) ?? role(given.author)}`;
    seen.set(base, (seen.get(base) ?? 0) + 1);
    const isPlain = /plain/.test(given.message.contentType ?? "");
    found.push(
      present({
        id: `${base}/${seen.get(base)}`,
        role: role(given.author),
        text: isPlain ? content : plainText(content),
        at,
        position: found.length,
      }),
    );
  }
  return found;
}

/** What ZAF tells of a ticket as a context of ours. */
export function contextOfZendesk(values) {
  const requester = isObject(values["ticket.requester"]) ? values["ticket.requester"] : {};
  const email = short(requester.email)?.toLowerCase();
  const id = short(requester.id);
  const via = values["ticket.via"]?.channel;
  const conversation = Array.isArray(values[CONVERSATION]) ? values[CONVERSATION] : [];
  return readContext({
    type: "potica.context",
    version: VERSION,
    interaction: {
      source: "zendesk",
      external_id: short(values["ticket.id"]),
      channel: Object.hasOwn(CHANNELS, via) ? CHANNELS[via] : "chat",
      customer_ref: short(requester.externalId) ?? email ?? (id && `zendesk:${id}`),
      customer_name: short(requester.name),
      agent_ref: short(values.currentUser?.email)?.toLowerCase(),
      subject: short(values["ticket.subject"], 300),
    },
    messages: messages(conversation),
    capabilities: { insert: true },
  });
}

class Zendesk {
  constructor(zaf, onContext, onTheme) {
    this.name = "zendesk";
    this.zaf = zaf;
    this.onContext = onContext;
    this.onTheme = onTheme;
    this.canInsert = false;
    this.last = "";
    this.timer = 0;
    zaf.registered.then(() => this.begin());
  }

  begin() {
    this.canInsert = true;
    for (const name of CHANGES) this.zaf.on(name, () => this.readSoon());
    this.zaf.on("colorScheme.changed", (scheme) => this.tellTheme(scheme));
    this.zaf.get(["colorScheme"]).then((found) => this.tellTheme(found.colorScheme), () => {});
    this.read();
    this.stopHeight = watchHeight((height) => this.resize(height));
  }

  readSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.read(), SOON);
  }

  async read() {
    try {
      const context = contextOfZendesk(await this.zaf.get([...PATHS, CONVERSATION]));
      const print = JSON.stringify(context);
      if (print === this.last) return;
      this.last = print;
      this.onContext(context);
    } catch (error) {
      warnOnce("zendesk", `Zendesk did not tell of the ticket (${error.message}).`);
    }
  }

  tellTheme(scheme) {
    if (scheme === "dark" || scheme === "light") this.onTheme(scheme);
  }

  resize(wanted) {
    const [least, most] = HEIGHT;
    const height = Math.min(most, Math.max(least, wanted));
    if (height === this.height) return;
    this.height = height;
    this.zaf.invoke("resize", { width: "100%", height: `${height}px` }).catch(() => {});
  }

  async insert({ text }) {
    for (const action of ["ticket.editor.insert", "ticket.comment.appendText"]) {
      try {
        await this.zaf.invoke(action, text);
        return true;
      } catch (error) {
        warnOnce(action, `${action}: ${error.message}.`);
      }
    }
    return false;
  }

  close() {
    clearTimeout(this.timer);
    this.stopHeight?.();
    this.zaf.close();
  }
}

/** Null when the address names another origin than the page around us has. */
export function connectZendesk({ frame, query, onContext, onTheme }) {
  const origin = query.get("origin");
  if (!frame.settle(origin)) {
    warnOnce("zendesk origin", "the address names another origin than the page around has.");
    return null;
  }
  return new Zendesk(new Zaf(frame, query.get("app_guid")), onContext, onTheme);
}

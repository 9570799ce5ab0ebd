// Freshdesk's ticket for the sidebar: its client library gives the ticket and the customer, its
// request template the replies (no data method does), and the sidebar's replies go to its editor.
"use strict";

(() => {
  const EVERY = 30_000; // milliseconds between looks for new replies
  const PAGES = 10; // of a hundred replies each
  const PER_PAGE = 100;
  const HEIGHT = [400, 720]; // pixels, least and most
  const EVENTS = ["ticket.sendReply", "ticket.addNote", "ticket.propertiesUpdated", "app.activated"];
  const CHANNELS = {
    1: "email", 2: "self_service", 3: "phone", 5: "social", 6: "social", 7: "chat",
    9: "self_service", 10: "email",
  };

  let client = null;
  let last = "";

  async function object(name) {
    try {
      return (await client.data.get(name))[name] ?? {};
    } catch {
      return {};
    }
  }

  async function replies(ticketId) {
    const found = [];
    for (let page = 1; page <= PAGES; page += 1) {
      const context = { ticket_id: String(ticketId), page: String(page) };
      const { response } = await client.request.invokeTemplate("conversations", { context });
      const some = JSON.parse(response);
      found.push(...some);
      if (some.length < PER_PAGE) break;
    }
    return found;
  }

  function message(reply) {
    return {
      id: String(reply.id),
      role: reply.incoming ? "customer" : "agent",
      text: reply.body_text ?? "",
      at: reply.created_at,
      ...(reply.last_edited_at ? { edited_at: reply.last_edited_at } : {}),
    };
  }

  function question(ticket) {
    const text = ticket.description_text ?? "";
    return text ? [{ id: `ticket-${ticket.id}`, role: "customer", text, at: ticket.created_at }] : [];
  }

  async function context() {
    const [ticket, contact, user] = await Promise.all(
      ["ticket", "contact", "loggedInUser"].map(object),
    );
    if (ticket.id === undefined) return null;
    const answers = await replies(ticket.id).catch((error) => {
      console.warn(`Potica: the replies of the ticket cannot be read (${error.message ?? error.status}).`);
      return [];
    });
    const email = (contact.email ?? "").toLowerCase();
    return {
      interaction: {
        source: "freshdesk",
        external_id: String(ticket.id),
        channel: CHANNELS[ticket.source] ?? "email",
        customer_ref: contact.unique_external_id || email || `freshdesk:${ticket.requester_id}`,
        customer_name: contact.name,
        agent_ref: user.contact?.email?.toLowerCase(),
        subject: ticket.subject,
      },
      messages: [...question(ticket), ...answers.filter((one) => !one.private).map(message)],
    };
  }

  async function tell() {
    if (document.visibilityState !== "visible") return;
    const found = await context();
    const print = JSON.stringify(found);
    if (found === null || print === last) return;
    last = print;
    window.Potica.context(found);
  }

  const calmly = () => tell().catch((error) => console.warn(`Potica: ${error.message ?? error}`));

  /** The editor takes HTML: what looks like it in a reply is shown as it is written. */
  function asHtml(text) {
    const escaped = text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
    return escaped.replaceAll("\n", "<br>");
  }

  async function insert({ text }) {
    const html = asHtml(text);
    try {
      await client.interface.trigger("setValue", {
        id: "editor", text: html, replace: false, position: "end",
      });
    } catch {
      await client.interface.trigger("click", { id: "reply", text: html }); // it was not open
    }
  }

  async function start() {
    client = await app.initialized();
    window.Potica.on("insert", (given) => {
      insert(given).catch((error) => console.warn(`Potica: ${error.message ?? error}`));
    });
    window.Potica.on("resize", ({ height }) => {
      const pixels = Math.min(Math.max(height, HEIGHT[0]), HEIGHT[1]);
      client.instance.resize({ height: `${pixels}px` });
    });
    for (const name of EVENTS) client.events.on(name, calmly);
    document.addEventListener("visibilitychange", calmly);
    setInterval(calmly, EVERY);
    calmly();
  }

  start().catch((error) => console.warn(`Potica: ${error.message ?? error}`));
})();

// What an agent gives back: a correction, a flag, a reason, new knowledge, a question to a
// colleague, the end of the conversation. Everything typed is kept until the server has it.

import { reply as voice } from "./announce.js";
import { clone, write } from "./dom.js";
import { revealClosed } from "./notices.js";
import { plain } from "./prose.js";
import { closeSheet, openSheet, say, sheet } from "./sheets.js";
import { draft, forgetDraft } from "./store.js";
import { ago, counted, text } from "./texts.js";

/**
 * `desk` is what the page knows (see main.js): `interactionId`, `key`, `outbox`, `marks`,
 * `citation(answer)`, `mark(answer, name, value)`.
 */
export function createForms(desk, api) {
  let subject = null; // the answer that a sheet is about

  /** Send, and tell what became of it; true when the sheet can close. */
  async function give(name, method, path, body) {
    const button = sheet(name).querySelector(".button--main[type=submit]");
    if (button) button.disabled = true;
    try {
      const { isKept, refused } = await desk.outbox.send(method, path, body);
      if (refused) {
        say(sheet(name), text("refused_said", { reason: refused.message }));
        return false;
      }
      voice(text(isKept ? "kept_said" : "thanks"));
      return true;
    } finally {
      if (button) button.disabled = false;
    }
  }

  const at = (what) => `/api/v1/interactions/${desk.interactionId}/${what}`;
  const field = (name, of = "text") => sheet(name).querySelector("form").elements[of];

  function about(name, answer) {
    subject = answer;
    write(sheet(name), "about", answer.title, answer.language);
  }

  function cited(answer) {
    const { suggestionId, position } = desk.citation(answer);
    const body = { document: answer.document, language: answer.language };
    if (answer.revision) body.revision = answer.revision.number;
    if (suggestionId) body.suggestion_id = suggestionId;
    if (position !== null) body.position = position;
    return body;
  }

  const open = {
    fix(answer) {
      about("fix", answer);
      const place = `${desk.key}.fix.${answer.document}`;
      if (!draft(field("fix"), place)) field("fix").value = plain(answer.passage.text);
      field("fix").lang = answer.language;
      openSheet("fix", "textarea");
    },
    flag(answer) {
      about("flag", answer);
      if (!draft(field("flag"), `${desk.key}.flag.${answer.document}`)) field("flag").value = "";
      openSheet("flag", ".pick");
    },
    dismiss(answer) {
      about("dismiss", answer);
      openSheet("dismiss", ".pick");
    },
    add() {
      for (const name of ["title", "text"]) {
        if (!draft(field("add", name), `${desk.key}.add.${name}`)) field("add", name).value = "";
      }
      openSheet("add", "input");
    },
    ask() {
      if (!draft(field("ask"), `${desk.key}.ask`)) field("ask").value = "";
      openSheet("ask", "textarea");
      experts();
    },
    close() {
      const form = sheet("close").querySelector("form");
      const done = ["used", "fixed", "flagged", "added"].find((name) => desk.hasMark(name));
      if (done) form.elements.reuse.value = done;
      if (!draft(field("close", "resolution"), `${desk.key}.resolution`)) {
        field("close", "resolution").value = "";
      }
      openSheet("close", "input");
    },
  };

  async function experts() {
    const list = document.getElementById("experts-list");
    const none = document.getElementById("experts-none");
    const waiting = document.getElementById("experts-wait");
    list.replaceChildren();
    waiting.hidden = false;
    none.hidden = true;
    try {
      const found = (await api.get(at("experts"))).experts;
      list.replaceChildren(...found.map(expert));
      const first = list.querySelector("input");
      if (first) first.checked = true;
      none.hidden = found.length > 0;
      for (const part of sheet("ask").querySelectorAll("[data-needs-experts]")) part.hidden = found.length === 0;
    } catch (error) {
      say(sheet("ask"), text("refused_said", { reason: error.message }));
    } finally {
      waiting.hidden = true;
    }
  }

  function expert(found) {
    const row = clone("t-expert");
    row.querySelector("input").value = found.user_id;
    write(row, "name", found.name);
    const why = [];
    if (found.solved > 0) why.push(counted("solved_cases", found.solved));
    if (found.wrote > 0) why.push(counted("wrote_articles", found.wrote));
    if (found.contributed > 0) why.push(counted("contributed", found.contributed));
    if (found.answered > 0) why.push(counted("answered", found.answered));
    write(row, "why", why.join(", "));
    return row;
  }

  const submit = {
    async fix(form) {
      const answer = subject;
      const body = { kind: "fix", text: form.elements.text.value, ...cited(answer) };
      if (!(await give("fix", "POST", at("contributions"), body))) return;
      forgetDraft(`${desk.key}.fix.${answer.document}`);
      desk.mark(answer, "fixed", true);
      closeSheet();
    },
    async flag(form, { value }) {
      const answer = subject;
      const body = { kind: value, text: form.elements.text.value, ...cited(answer) };
      if (!(await give("flag", "POST", at("flags"), body))) return;
      forgetDraft(`${desk.key}.flag.${answer.document}`);
      desk.mark(answer, "flagged", value);
      closeSheet();
    },
    async dismiss(_form, { value }) {
      const answer = subject;
      desk.feedback(answer, { kind: "dismissed", reason: value });
      desk.mark(answer, "dismissed", value);
      voice(text("thanks"));
      closeSheet();
    },
    async add(form) {
      const { title, text: words } = form.elements;
      const body = { kind: "add", title: title.value, text: words.value };
      if (desk.suggestionId) body.suggestion_id = desk.suggestionId;
      if (!(await give("add", "POST", at("contributions"), body))) return;
      forgetDraft(`${desk.key}.add.title`);
      forgetDraft(`${desk.key}.add.text`);
      desk.mark(null, "added", true);
      closeSheet();
    },
    async ask(form) {
      const chosen = new FormData(form).get("asked_of");
      if (!chosen) {
        say(sheet("ask"), text("choose_expert"));
        return;
      }
      const body = { asked_of: chosen, text: form.elements.text.value };
      if (desk.suggestionId) body.suggestion_id = desk.suggestionId;
      if (!(await give("ask", "POST", at("questions"), body))) return;
      forgetDraft(`${desk.key}.ask`);
      voice(text("asked_said"));
      closeSheet();
    },
    async close(form) {
      const { outcome, reuse, resolution } = form.elements;
      const body = { state: "resolved", outcome: outcome.value, reuse: reuse.value };
      if (resolution.value.trim()) body.resolution = resolution.value;
      const path = `/api/v1/interactions/${desk.interactionId}`;
      if (!(await give("close", "PATCH", path, body))) return;
      forgetDraft(`${desk.key}.resolution`);
      form.reset();
      voice(text("closed_said"));
      closeSheet();
      revealClosed();
    },
  };

  for (const [name, send] of Object.entries(submit)) {
    const form = sheet(name).querySelector("form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      say(sheet(name), "");
      send(form, event.submitter ?? {});
    });
  }
  return open;
}

/** Questions that colleagues put to this agent. */
export function createInbox(desk, api) {
  const button = document.getElementById("inbox-button");
  const list = document.getElementById("mails");

  async function look() {
    if (document.visibilityState === "hidden") return;
    try {
      const { questions } = await api.get("/api/v1/questions?of=me&answered=false");
      show(questions);
    } catch {
      // The next look will tell.
    }
  }

  function show(questions) {
    button.hidden = questions.length === 0 && !sheet("inbox").open;
    document.getElementById("inbox-count").textContent = questions.length || "";
    button.title = questions.length ? counted("open_questions", questions.length) : "";
    document.getElementById("inbox-none").hidden = questions.length > 0;
    // What is being written must not go away under the hand.
    const there = new Map([...list.children].map((row) => [row.dataset.id, row]));
    const wanted = new Set(questions.map((one) => one.id));
    for (const [id, one] of there) if (!wanted.has(id)) one.remove();
    for (const one of questions) if (!there.has(one.id)) list.append(row(one));
  }

  function row(question) {
    const made = clone("t-inbox");
    made.dataset.id = question.id;
    write(made, "by", text("asks", { name: question.asked_by }));
    write(made, "text", question.text, question.language);
    write(made, "about", question.about && text("about", { words: question.about }), question.language);
    write(made, "when", ago(question.asked_at));
    const form = made.querySelector("form");
    draft(form.elements.text, `answer.${question.id}`);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const body = { text: form.elements.text.value };
      const { refused } = await desk.outbox.send("POST", `/api/v1/questions/${question.id}/answer`, body);
      voice(refused ? text("refused_said", { reason: refused.message }) : text("answer_sent"));
      if (refused) return;
      forgetDraft(`answer.${question.id}`);
      made.remove();
      await look();
      if (list.children.length === 0) closeSheet();
    });
    return made;
  }

  setInterval(look, 60_000);
  return {
    look,
    async open() {
      openSheet("inbox", "textarea");
      await look();
      if (!sheet("inbox").contains(document.activeElement?.closest("textarea"))) list.querySelector("textarea")?.focus();
    },
  };
}

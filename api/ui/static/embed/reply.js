// The composed reply: read it, edit it in place, insert or copy it.

import { element } from "./dom.js";
import { draft, forgetDraft, kept } from "./store.js";
import { languageName, text } from "./texts.js";

const section = document.getElementById("reply");
const shownText = document.getElementById("reply-text");
const field = document.getElementById("reply-edit");
const language = document.getElementById("reply-language");
const edited = document.getElementById("reply-edited");
const note = document.getElementById("reply-note");
const undo = document.getElementById("reply-undo");
const editButton = section.querySelector('[data-do="edit"]');
const insertButton = section.querySelector('[data-do="insert"]');

function sentences(reply) {
  const paragraphs = [];
  for (const sentence of reply.sentences) {
    const isFrame = !sentence.citation;
    const starts = paragraphs.length === 0 || isFrame || paragraphs.at(-1).isFrame;
    if (starts) paragraphs.push({ isFrame, nodes: [] });
    const { nodes } = paragraphs.at(-1);
    if (nodes.length > 0) nodes.push(/^\s*(?:\d+[.)]|[-–•])\s/.test(sentence.text) ? "\n" : " ");
    nodes.push(sentence.text);
    if (sentence.citation) nodes.push(citation(sentence));
  }
  return paragraphs.map(({ nodes }) => element("p", {}, ...nodes));
}

function citation(sentence) {
  const link = element("a", { href: "#lists", textContent: String(sentence.citation) });
  link.dataset.do = "source";
  link.dataset.document = sentence.document ?? "";
  link.setAttribute("aria-label", text("source", { number: sentence.citation }));
  return element("sup", {}, link);
}

export function createReply() {
  let reply = null;
  let origin = { suggestionId: null, sources: [] }; // of the words that would be sent
  let place = ""; // where the draft is kept
  let isOlder = false; // what is being edited was suggested before what is there now

  const isEdited = () => !field.hidden && reply !== null && field.value.trim() !== reply.text.trim();

  function paint() {
    const isOpen = !field.hidden;
    shownText.hidden = isOpen;
    editButton.setAttribute("aria-pressed", String(isOpen));
    edited.hidden = !isEdited();
    undo.hidden = !isEdited() && !isOlder;
    const said = [];
    if (isOlder) said.push(text("newer_reply"));
    if (reply.generated) said.push(text("generated"));
    if (reply.source_language !== reply.language) {
      said.push(text("other_source", { name: languageName(reply.source_language) }));
    }
    note.textContent = said.join(" ");
    note.hidden = said.length === 0;
  }

  function open() {
    if (reply === null) return;
    if (field.hidden) {
      field.hidden = false;
      field.lang = reply.language;
      if (!draft(field, place)) field.value = reply.text;
      const keeping = field.oninput;
      field.oninput = () => {
        keeping();
        paint();
      };
    }
    paint();
  }

  function close() {
    forgetDraft(place);
    field.hidden = true;
    isOlder = false;
  }

  return {
    /** Show the reply of a suggestion; what somebody edits stays. */
    show(suggestion, key) {
      place = `${key}.reply`;
      const next = suggestion.reply;
      if (isEdited() && next !== null && next.text !== reply.text) isOlder = true;
      else if (!isEdited()) field.hidden = true;
      reply = next;
      if (!isOlder) origin = { suggestionId: suggestion.id, sources: next?.sources ?? [] };
      section.hidden = reply === null;
      if (reply === null) {
        field.hidden = true;
        return;
      }
      language.textContent = reply.language.toUpperCase();
      language.title = languageName(reply.language);
      shownText.lang = reply.language;
      shownText.replaceChildren(...sentences(reply));
      shownText.removeAttribute("tabindex");
      if (shownText.scrollHeight > shownText.clientHeight + 2) shownText.tabIndex = 0;
      if (field.hidden && kept(`draft.${place}`) !== null) open();
      paint();
    },
    hide() {
      reply = null;
      field.hidden = true;
      isOlder = false;
      section.hidden = true;
    },
    edit() {
      if (reply === null) return;
      if (field.hidden) {
        open();
        field.focus();
        field.setSelectionRange(field.value.length, field.value.length);
      } else if (document.activeElement !== field) field.focus();
      else this.leave();
    },
    /** Out of the field; an unchanged text is read again, a changed one stays open. */
    leave() {
      if (!isEdited()) close();
      paint();
      editButton.focus();
    },
    undo() {
      close();
      shownText.replaceChildren(...sentences(reply));
      paint();
      editButton.focus();
    },
    /** What would be sent now; null when there is no reply. */
    get now() {
      if (reply === null) return null;
      return {
        text: field.hidden ? reply.text : field.value,
        isEdited: isEdited(),
        ...origin,
        language: reply.language,
      };
    },
    /** The button says that it happened. */
    done(isInserted) {
      const button = isInserted ? insertButton : section.querySelector('[data-do="copy"]');
      const name = button.querySelector("span");
      forgetDraft(place);
      if (button.dataset.state) return;
      const before = name.textContent;
      button.dataset.state = "done";
      name.textContent = text(isInserted ? "inserted" : "copied");
      setTimeout(() => {
        delete button.dataset.state;
        name.textContent = before;
      }, 1_800);
    },
    canInsert(can) {
      insertButton.hidden = !can;
      section.querySelector('[data-do="copy"]').classList.toggle("button--main", !can);
    },
  };
}

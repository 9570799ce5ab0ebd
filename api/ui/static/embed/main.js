// The sidebar: a conversation comes from the host, answers come from the server, and what the
// agent does with them goes back.

import { announce, reply as voice, sayBest } from "./announce.js";
import { createAnswers } from "./answers.js";
import { createApi } from "./api.js";
import { createConversation } from "./conversation.js";
import { copy } from "./dom.js";
import { createForms, createInbox } from "./forms.js";
import { connectHost } from "./host.js";
import { listenToKeys } from "./keys.js";
import { backoff, follow } from "./live.js";
import * as notices from "./notices.js";
import { createOutbox } from "./outbox.js";
import { plain } from "./prose.js";
import { createReply } from "./reply.js";
import { createSearch } from "./search.js";
import { createSeen } from "./seen.js";
import { closeSheet, isOpen, openSheet, sheet, whenClosed } from "./sheets.js";
import { keep, kept } from "./store.js";
import { createTokens } from "./token.js";
import { counted, text } from "./texts.js";
import { createTrouble, showPassage } from "./page.js";

document.documentElement.classList.add("js");

const at = (id) => document.getElementById(id);
const tokens = createTokens();
const api = createApi(tokens);
const trouble = createTrouble();
const history = notices.createHistory();
const questions = notices.createQuestions();
const reply = createReply();
const titles = new Map(); // document -> what it is called

let host = null;
let given = null; // the host's last context
let view = null; // the newest
let line = null; // the stream of pushes

const desk = {
  outbox: null,
  get interactionId() {
    return view?.interaction.id ?? null;
  },
  /** Where what belongs to this conversation is kept. */
  get key() {
    return desk.interactionId ?? "none";
  },
  get suggestionId() {
    return answers.shown?.id ?? null;
  },
  get marks() {
    return kept(`${desk.key}.marks`, {});
  },
  hasMark: (name) => Object.values(desk.marks).some((mark) => mark[name]),
  mark(answer, name, value) {
    const { marks } = desk;
    const document = answer?.document ?? "";
    keep(`${desk.key}.marks`, { ...marks, [document]: { ...marks[document], [name]: value } });
    answers.retouch();
  },
  citation: (answer) => ({ suggestionId: desk.suggestionId, position: answers.position(answer) }),
  /** Say what was done with an answer, or with the reply. */
  feedback(answer, body) {
    const { suggestionId, position } = desk.citation(answer);
    if (!suggestionId) return;
    const said = { document: answer.document, ...body };
    if (position !== null) said.position = position;
    desk.outbox.send("POST", `/api/v1/suggestions/${body.suggestionId ?? suggestionId}/feedback`, said);
  },
};

desk.outbox = createOutbox({
  api,
  onCount: (n) => trouble.unsent(n),
  onRefused: (_write, problem) => voice(text("refused_said", { reason: problem.message })),
});

const answers = createAnswers({
  extras: (answer) => ({
    customerLanguage: view?.interaction.language ?? answers.shown?.language ?? null,
    solvedBefore: view?.solved_before[answer.document] ?? 0,
    mark: desk.marks[answer.document] ?? {},
  }),
  onHold(isHeld) {
    at("fresh").hidden = !isHeld;
    if (isHeld) announce(text("new_answers_said"));
  },
  draw: drawSuggestion,
});

const seen = createSeen({ api, interactionId: () => desk.interactionId });
const forms = createForms(desk, api);
const inbox = createInbox(desk, api);
const search = createSearch({
  api,
  language: () => view?.interaction.language ?? null,
  extras: (answer) => ({
    customerLanguage: view?.interaction.language ?? null,
    solvedBefore: view?.solved_before[answer.document] ?? 0,
    mark: desk.marks[answer.document] ?? {},
  }),
});

const conversation = createConversation({
  api,
  onOpened: opened,
  onView: show,
  onVersion: (version, arrivedAt) => seen.arrived(version, arrivedAt),
  onTrouble: (isTrouble) => trouble.conversation(isTrouble),
  onRefused(problem) {
    page("refused");
    at("refused-text").textContent = problem.message;
  },
});

/** One of: waiting, signed-out, refused, reading, content. */
function page(name) {
  for (const id of ["waiting", "signed-out", "refused", "reading", "content"]) at(id).hidden = id !== name;
  at("deck").hidden = name !== "content" && name !== "reading";
  document.body.classList.toggle("is-alone", view === null); // no conversation to note things in
}

function takeContext(context) {
  const isOther = given?.interaction.external_id !== context.interaction.external_id || given?.interaction.source !== context.interaction.source;
  given = context;
  if (isOther) leave();
  reply.canInsert(canInsert());
  if (trouble.isSignedOut) page("signed-out");
  else if (view === null) page("reading");
  conversation.context(context);
}

function leave() {
  line?.close();
  line = null;
  conversation.isLive = false;
  if (isOpen()) closeSheet({ quietly: true });
  view = null;
  seen.clear();
  answers.clear();
  reply.hide();
  questions.clear();
  notices.showIncidents([], { canInsert: false });
  notices.clearHeader();
  history.show([], "none");
}

function opened(first) {
  view = null;
  show(first);
  line?.close();
  line = follow({
    api,
    id: first.interaction.id,
    onView: show,
    onState(state) {
      conversation.isLive = state === "live";
      trouble.line(state);
    },
    onGone(problem) {
      page("refused");
      at("refused-text").textContent = problem.message;
    },
  });
}

/** Take a view; an older one than what is there is nobody's news. */
function show(next) {
  const isFirst = view === null;
  if (!isFirst && next.interaction.id !== view.interaction.id) return;
  if (!isFirst && next.interaction.sequence < view.interaction.sequence) return;
  const { version } = next.interaction;
  seen.arrived(version);
  view = { ...next, history: next.history ?? view?.history ?? [] };
  page("content");
  at("content").dataset.messages = view.interaction.message_count;
  const isBehind = view.suggestion !== null && view.suggestion_version < version;
  at("content").dataset.state = view.pending || isBehind ? "pending" : "settled";
  notices.showHeader(view.interaction, given?.interaction.customer_name);
  notices.showClosed(view.interaction);
  for (const incident of notices.showIncidents(view.incidents, { canInsert: canInsert() })) {
    announce(text("incident_said", { title: incident.title }));
  }
  for (const one of questions.show(view.questions, { canInsert: canInsert() })) {
    announce(text("answered_said", { name: one.asked_of }));
  }
  // A conversation in which nobody said a word tells nothing.
  if (isFirst) history.show(view.history.filter((contact) => contact.message_count > 0), desk.key);
  take(view.suggestion);
}

function take(suggestion) {
  const isThere = answers.shown !== null;
  if (suggestion === null) {
    if (view.pending && isThere) return; // what is there stays until the next one comes
    if (view.pending) page("reading");
    else drawNothing();
  } else if (suggestion.id === answers.latest?.id) answers.retouch();
  // Thanks and greetings ask for nothing: what was found before stays where it is.
  else if (isThere && asksNothing(suggestion)) seen.quiet(view.suggestion_version);
  else answers.offer(suggestion);
}

const asksNothing = (suggestion) => ["empty", "asks_nothing"].includes(suggestion.nothing_known?.code);

function drawNothing() {
  answers.clear();
  reply.hide();
  notices.showChange(null);
  for (const name of ["articles", "cases"]) at(`${name}-section`).hidden = true;
  notices.showGap(null, view.interaction.message_count > 0);
}

function drawSuggestion(suggestion) {
  const { change, suggestion_version: version } = view;
  for (const answer of [...suggestion.articles, ...suggestion.cases]) titles.set(answer.document, answer.title);
  const isGap = notices.showGap(suggestion, view.interaction.message_count > 0);
  notices.showChange(change, (document) => titles.get(document));
  reply.show(suggestion, desk.key);
  for (const [name, list] of [["articles", suggestion.articles], ["cases", suggestion.cases]]) {
    at(`${name}-section`).hidden = list.length === 0;
    at(`${name}-count`).textContent = list.length > 1 ? String(list.length) : "";
  }
  at("articles-name").textContent = text(isGap ? "near" : "articles");
  sayBest(suggestion, isGap);
  seen.drawn(suggestion.id, version);
}

// --- what the agent does ---

const canInsert = () => Boolean(host?.canInsert);

/** Into the helpdesk's composer, or into the clipboard; gives "inserted", "copied" or null. */
async function deliver(words, { suggestionId = null, sources = [] } = {}) {
  if (canInsert() && (await host.insert({ text: words, suggestionId, sources }))) return "inserted";
  return (await copy(words)) ? "copied" : null;
}

function tell(how) {
  voice(text(how === null ? "not_copied" : `${how}_said`));
}

const linkOf = (document) => {
  const answer = answers.answerOf(document);
  return answer && answer.pool === "article" && answer.audience !== "internal" ? answer.permalink : null;
};

async function sendReply(isCopy) {
  const now = reply.now;
  if (now === null) return;
  const sources = now.sources.map(linkOf).filter(Boolean);
  const how = isCopy
    ? (await copy(now.text)) && "copied"
    : await deliver(now.text, { suggestionId: now.suggestionId, sources });
  tell(how || null);
  if (!how) return;
  reply.done(how === "inserted");
  const answer = answers.answerOf(now.sources[0] ?? "");
  if (answer === null) return;
  const body = now.isEdited ? { kind: "edited", text: now.text } : { kind: "used" };
  desk.feedback(answer, { ...body });
  desk.mark(answer, "used", true);
}

async function use(answer) {
  const now = reply.now;
  if (now?.sources[0] === answer.document) {
    await sendReply(!canInsert());
    return;
  }
  const isForCustomers = answer.pool === "article" && answer.audience !== "internal";
  let how = null;
  if (isForCustomers) {
    const words = `${plain(answer.passage.text)}\n\n${answer.permalink}`;
    how = await deliver(words, { suggestionId: desk.suggestionId, sources: [answer.permalink] });
  }
  desk.feedback(answer, { kind: "used" });
  desk.mark(answer, "used", true);
  voice(how ? text(`${how}_said`) : text("used_said"));
}

const listNow = () => (sheet("search").open ? search : answers);

/** The answer that a click or key is about. */
function meant(event) {
  const card = event?.target?.closest?.(".card");
  const from = card?.closest("#found") ? search : listNow();
  return card ? from.answerOf(card.dataset.document) : from.current;
}

const about = (name) => (event) => {
  const answer = meant(event);
  if (answer !== null) name(answer);
};

function questionOf(event) {
  const { id } = event.target.closest("[data-id]").dataset;
  return view.questions.find((one) => one.id === id);
}

function incidentOf(event) {
  const { id } = event.target.closest("[data-id]").dataset;
  return view.incidents.find((one) => one.id === id);
}

const acts = {
  insert: () => sendReply(!canInsert()),
  copy: () => sendReply(true),
  edit: () => reply.edit(),
  unedit: () => reply.undo(),
  leave: () => reply.leave(),
  next: () => answers.step(1),
  previous: () => answers.step(-1),
  source(event) {
    event.preventDefault();
    answers.focus(event.target.closest("[data-document]").dataset.document);
  },
  use: about(use),
  read: about((answer) => showPassage(api, answer)),
  "read-language": (event) => showPassage(api, null, event.target.closest("[data-language]").dataset.language),
  fix: about((answer) => view && forms.fix(answer)),
  flag: about((answer) => view && forms.flag(answer)),
  dismiss: about((answer) => view && forms.dismiss(answer)),
  add: () => view && forms.add(),
  ask: () => view && forms.ask(),
  close: () => view && forms.close(),
  reopen() {
    desk.outbox.send("PATCH", `/api/v1/interactions/${desk.interactionId}`, { state: "open" });
    voice(text("reopened_said"));
  },
  refresh: () => answers.refresh(),
  weak: (event) => answers.toggle(event.target.closest("[data-list]").dataset.list),
  history: () => history.toggle(),
  "history-more": () => history.toggleMore(),
  incident() {
    document.querySelector("#incidents summary")?.focus();
  },
  "incident-insert": async (event) => tell(await deliver(incidentOf(event).what_to_say)),
  "incident-copy": async (event) => tell((await copy(incidentOf(event).what_to_say)) ? "copied" : null),
  "question-insert": async (event) => tell(await deliver(questionOf(event).answer)),
  "question-copy": async (event) => tell((await copy(questionOf(event).answer)) ? "copied" : null),
  search() {
    openSheet("search", "input").querySelector("input").select();
  },
  help: () => openSheet("help"),
  inbox: () => inbox.open(),
  back: () => closeSheet(),
  "sign-in": () => trouble.signIn(),
  again() {
    page(view === null ? "reading" : "content");
    trouble.signIn();
    conversation.again();
    line?.again();
    desk.outbox.again();
  },
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button) acts[button.dataset.do]?.(event);
});
listenToKeys((name, event) => acts[name]?.(event));
whenClosed((cameFrom) => {
  answers.settleLater();
  const card = answers.current && document.querySelector("#lists .card.is-current");
  const target = cameFrom?.isConnected && cameFrom !== document.body ? cameFrom : (card ?? at("main"));
  target.focus({ preventScroll: true });
});

trouble.connect({
  tokens,
  again: acts.again,
  onSignedOut() {
    desk.outbox.letGo();
    if (view === null) page("signed-out");
  },
  onSignedIn() {
    if (view === null) page(given === null ? "waiting" : "reading");
    conversation.again();
    line?.again();
    desk.outbox.again();
    inbox.look();
  },
  backoff,
  counted,
});

host = await connectHost({ onContext: takeContext, onTheme: trouble.theme });
reply.canInsert(canInsert());
inbox.look();

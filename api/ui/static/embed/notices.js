// What stands above the answers: whose conversation it is, incidents, what was asked and tried
// before, what colleagues were asked, and what to say when nothing is known.

import { clone, part, write } from "./dom.js";
import { kept, keep } from "./store.js";
import { ago, counted, day, hasText, languageName, text } from "./texts.js";

const MOST = 1; // earlier contacts that are shown at first

const at = (id) => document.getElementById(id);

export function showHeader(interaction, customerName) {
  const name = customerName || interaction.customer_ref || interaction.subject || "";
  at("who").textContent = name || text("new_conversation");
  const facts = [text(interaction.channel)];
  if (interaction.language) facts.push(languageName(interaction.language));
  if (interaction.subject && interaction.subject !== name) facts.push(interaction.subject);
  at("about").textContent = facts.join(" · ");
  at("about").hidden = false;
}

export function clearHeader() {
  at("who").textContent = "Potica";
  at("about").hidden = true;
}

/** The incidents that touch the conversation, the worst first; gives those that are new. */
export function showIncidents(incidents, { canInsert }) {
  const place = at("incidents");
  const there = new Map([...place.children].map((section) => [section.dataset.id, section]));
  const fresh = incidents.filter((incident) => !there.has(incident.id));
  const rank = ["high", "medium", "low"];
  const sorted = [...incidents].sort((a, b) => rank.indexOf(a.severity) - rank.indexOf(b.severity));
  place.replaceChildren(...sorted.map((incident) => fillIncident(there.get(incident.id) ?? clone("t-incident"), incident, canInsert)));
  return fresh;
}

function fillIncident(section, incident, canInsert) {
  section.dataset.id = incident.id;
  section.dataset.severity = incident.severity;
  part(section, "title").id = `incident-${incident.id}`;
  section.setAttribute("aria-labelledby", `incident-${incident.id}`);
  part(section, "severity").textContent = text(hasText(incident.severity) ? incident.severity : "low");
  write(section, "title", incident.title, incident.language);
  write(section, "statement", incident.statement, incident.language);
  const from = day(incident.starts_at);
  const since = incident.ends_at
    ? text("since_until", { start: from, end: day(incident.ends_at) })
    : text("since", { day: from });
  write(section, "since", since);
  write(section, "say", incident.what_to_say, incident.what_to_say_language);
  part(section, "insert").hidden = !canInsert;
  return section;
}

function contact(entry) {
  const item = clone("t-contact");
  item.querySelector("use").setAttribute("href", `#i-${entry.channel}`);
  write(item, "when", `${ago(entry.at)} · ${text(entry.channel)}`);
  const outcome = entry.outcome ?? `state_${entry.state}`;
  const name = hasText(`short_${outcome}`) ? `short_${outcome}` : outcome;
  const pill = write(item, "outcome", hasText(name) ? text(name) : "");
  const isGood = ["solved", "solved_second_contact", "compensated"].includes(entry.outcome);
  pill.classList.toggle("pill--good", isGood);
  pill.classList.toggle("pill--warn", entry.outcome === "not_solved");
  for (const line of ["question", "tried", "resolution"]) {
    write(item, line, entry[line], entry.language ?? undefined);
    part(item, `${line}-line`).hidden = !entry[line];
  }
  return item;
}

export function createHistory() {
  let entries = [];
  let isWhole = false;
  let key = "";
  const more = document.querySelector('[data-do="history-more"]');
  const button = document.querySelector('[data-do="history"]');

  function paint() {
    const isOpen = kept(`${key}.history`, true);
    at("past").hidden = entries.length === 0;
    at("past-count").textContent = String(entries.length);
    button.setAttribute("aria-expanded", String(isOpen));
    at("past-list").hidden = !isOpen;
    const shown = isWhole ? entries : entries.slice(0, MOST);
    at("past-list").replaceChildren(...shown.map(contact));
    more.hidden = !isOpen || entries.length <= MOST;
    more.textContent = isWhole ? text("fewer") : counted("more_contacts", entries.length - MOST);
  }

  return {
    show(history, place) {
      if (place !== key) isWhole = false;
      entries = history;
      key = place;
      paint();
    },
    toggle() {
      keep(`${key}.history`, !kept(`${key}.history`, true));
      paint();
    },
    toggleMore() {
      isWhole = !isWhole;
      paint();
    },
    get isEmpty() {
      return entries.length === 0;
    },
  };
}

/** Questions that were put to colleagues; gives those whose answer is new. */
export function createQuestions() {
  const answered = new Set();
  let isFirst = true;
  return {
    show(questions, { canInsert }) {
      const news = questions.filter((one) => one.answered_at && !answered.has(one.id));
      for (const one of news) answered.add(one.id);
      at("asked").hidden = questions.length === 0;
      at("asked-list").replaceChildren(...questions.map((one) => fillQuestion(one, canInsert)));
      const fresh = isFirst ? [] : news;
      isFirst = false;
      return fresh;
    },
    clear() {
      answered.clear();
      isFirst = true;
      at("asked").hidden = true;
    },
  };
}

function fillQuestion(question, canInsert) {
  const item = clone("t-question");
  item.dataset.id = question.id;
  const isAnswered = Boolean(question.answered_at);
  const of = text(isAnswered ? "answer_of" : "asked_of", { name: question.asked_of });
  write(item, "of", of);
  write(item, "when", ago(question.answered_at ?? question.asked_at));
  write(item, "text", question.text);
  write(item, "answer", question.answer);
  part(item, "answered").hidden = !isAnswered;
  part(item, "waiting").hidden = isAnswered;
  part(item, "insert").hidden = !canInsert;
  return item;
}

let isClosing = false;

/** Who has just closed it sees what it led to, now or when it is told; for others nothing moves. */
export function revealClosed() {
  isClosing = at("closed").hidden;
  if (!isClosing) at("closed").scrollIntoView({ block: "nearest" });
}

export function showClosed(interaction) {
  const isClosed = interaction.state === "resolved";
  const isHanded = interaction.state === "handed_over";
  at("closed").hidden = !isClosed && !isHanded;
  const words = { outcome: text(interaction.outcome ?? "solved"), reuse: text(interaction.reuse ?? "nothing_reusable") };
  at("closed-text").textContent = isHanded
    ? text("handed", { name: interaction.handed_to ?? "" })
    : text("closed", words);
  const draft = at("closed-draft");
  const isSolved = ["solved", "solved_second_contact", "compensated"].includes(interaction.outcome);
  draft.hidden = !isClosed || !isSolved || !interaction.case_id;
  draft.href = `/editor/cases/${interaction.case_id}/draft?ui=${document.documentElement.lang}`;
  if (isClosing && isClosed) revealClosed();
}

/** Why the best answer is another than before; `titleOf` knows what documents are called. */
export function showChange(change, titleOf) {
  const line = at("change");
  const key = `change_${change?.reason}`;
  line.hidden = !change || change.reason === "first_answer" || !hasText(key);
  if (line.hidden) return;
  const reason = text(key);
  const words = change.words?.join(", ");
  const title = change.before && titleOf(change.before);
  const told = words ? text("change_words", { reason, words }) : reason;
  line.textContent = title ? text("change_before", { reason: told, title }) : told;
}

/** When nothing is known, say so and what to do; when nothing is asked, be quiet. */
export function showGap(suggestion, hasMessages) {
  const code = suggestion?.nothing_known?.code ?? null;
  const isQuiet = suggestion === null || code === "empty" || code === "asks_nothing";
  at("quiet").hidden = !isQuiet;
  at("quiet-text").textContent = text(hasMessages ? "quiet" : "empty");
  const isGap = code !== null && !isQuiet;
  at("gap").hidden = !isGap;
  if (!isGap) return false;
  const kind = code === "not_sure" ? "not_sure" : "nothing";
  at("gap-head").textContent = text(`${kind}_head`);
  at("gap-text").textContent = text(`${kind}_text`);
  return true;
}

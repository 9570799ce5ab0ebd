// What may be done with an article: each in a small form of its own, with why.

import { html, json, Refusal } from "./api.js";
import { fillPeople, momentOf } from "./fields.js";
import { said, text } from "./words.js";

const NUMBERS = new Set(["expected_version"]);

export function createLife({ place, start, serverHtml, save, follow, onChange, onMain }) {
  const path = () => `/editor/articles/${start.article}/${start.language}/life`;

  function state() {
    return place.querySelector("#life").dataset;
  }

  function main() {
    const { main: key } = state();
    return key ? { key, form: place.querySelector(`#act-${key}`) } : null;
  }

  function wire() {
    for (const time of place.querySelectorAll("time[data-local]")) {
      time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(new Date(time.dateTime));
    }
    onMain(main());
  }

  async function refresh() {
    if (!start.article) return;
    const made = await html("GET", path());
    place.innerHTML = serverHtml.createHTML(made);
    wire();
    onChange(state());
  }

  function given(form) {
    const body = {};
    for (const input of form.elements) {
      if (!input.name || input.disabled) continue;
      const { name } = input;
      if (input.type === "checkbox") {
        if (input.dataset.list !== undefined) {
          body[name] ??= [];
          if (input.checked) body[name].push(input.value);
        } else if (input.checked) body[name] = input.value === "true" || input.value;
      } else if (input.dataset.moment !== undefined) {
        const moment = momentOf(input);
        if (moment || input.dataset.optional === undefined) body[name] = moment;
      } else if (NUMBERS.has(name)) body[name] = Number(state().version);
      else if (input.value || input.dataset.optional === undefined) body[name] = input.value;
    }
    return body;
  }

  /** Open one of the forms and go to it. */
  function open(key) {
    const one = place.querySelector(`#act-${key}`);
    if (!one) return;
    one.open = true;
    const field = one.querySelector("textarea, select, input:not([type=hidden]), button");
    field.focus();
    one.scrollIntoView({ block: "nearest" });
  }

  async function run(form) {
    const { act, method } = form.dataset;
    const trouble = form.querySelector(".act__error");
    const button = form.querySelector("[type=submit]");
    trouble.hidden = true;
    button.disabled = true;
    try {
      if (!(await save())) return fail(trouble, text("save_first"));
      const body = method === "DELETE" ? undefined : given(form);
      if (Array.isArray(body?.languages) && !body.languages.length) return fail(trouble, text("choose_language"));
      await json(method, form.dataset.path, body);
      await refresh();
      onMain(main(), text(`done_${act.replaceAll("-", "_")}`));
    } catch (error) {
      if (await follow(error)) return run(form);
      fail(trouble, said(error));
      if (error instanceof Refusal && error.status === 409) await refreshKeeping(form.dataset.act, said(error));
    } finally {
      button.disabled = false;
    }
  }

  /** The state was another one: show it, with what was refused. */
  async function refreshKeeping(act, words) {
    await refresh().catch(() => {});
    const form = place.querySelector(`form[data-act="${act}"]`);
    if (!form) return onMain(main(), words, "bad");
    form.closest("details")?.setAttribute("open", "");
    fail(form.querySelector(".act__error"), words);
  }

  function fail(trouble, words) {
    trouble.textContent = words;
    trouble.hidden = false;
  }

  place.addEventListener("submit", (event) => {
    event.preventDefault();
    void run(event.target);
  });
  place.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const form = event.target.closest("form");
    if (!form) return;
    event.preventDefault();
    event.stopPropagation();
    form.requestSubmit();
  });
  place.addEventListener("toggle", (event) => {
    if (!event.target.open) return;
    for (const select of event.target.querySelectorAll("select[data-colleagues]")) void fillPeople(select);
  }, true);
  wire();
  return { refresh, open, main, state };
}

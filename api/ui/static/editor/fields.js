// What an article is beside its text: pickers filled, read, and compared with what is saved.

import { json } from "./api.js";
import { element } from "../embed/dom.js";
import { text } from "./words.js";

const MOMENTS = ["valid_from", "valid_until", "review_by"];
const at = (id) => document.getElementById(id);

/** A moment as an input of this type shows it, here. */
export function shownMoment(value, type) {
  if (!value) return "";
  const moment = new Date(value);
  const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString();
  return type === "date" ? local.slice(0, 10) : local.slice(0, 16);
}

/** What an input of a moment holds, as the server takes it. */
export function momentOf(input) {
  if (!input.value) return null;
  return new Date(input.type === "date" ? `${input.value}T00:00` : input.value).toISOString();
}

let people = new Map(); // permission -> asked for once

/** Fill a select with the people who may do something, once it is wanted. */
export function fillPeople(select, chosen) {
  const may = select.dataset.colleagues;
  if (!people.has(may)) people.set(may, json("GET", `/api/v1/colleagues?may=${may}&limit=200`));
  const filled = people.get(may).then(({ colleagues }) => {
    const known = new Set([...select.options].map((option) => option.value));
    for (const one of colleagues) {
      if (known.has(one.id)) continue;
      select.append(element("option", { value: one.id, textContent: one.name }));
    }
    if (chosen !== undefined) select.value = chosen ?? "";
  });
  filled.catch(() => people.delete(may));
  return filled.catch(() => {});
}

function createChips(root, { values, changed, legend }) {
  const list = root.querySelector(".chips__list");
  const input = root.querySelector("input");
  const label = root.querySelector("label");
  if (legend) label.textContent = legend;
  let held = [...values];

  function draw() {
    list.replaceChildren(...held.map(chip));
    list.hidden = !held.length;
  }

  function chip(value) {
    const item = element("li", { className: "chip" }, element("span", { textContent: value }));
    if (input.disabled) return item;
    const remove = element("button", { type: "button", className: "chip__remove", textContent: "×" });
    remove.setAttribute("aria-label", text("remove", { name: value }));
    remove.addEventListener("click", () => {
      held = held.filter((one) => one !== value);
      draw();
      changed();
      input.focus();
    });
    item.append(remove);
    return item;
  }

  function add() {
    const words = input.value.split(",").map((word) => word.trim()).filter(Boolean);
    if (!words.length) return;
    held = [...new Set([...held, ...words])].slice(0, 50);
    input.value = "";
    draw();
    changed();
  }

  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || (event.key === "," && input.value.trim())) {
      event.preventDefault();
      event.stopPropagation();
      if (!event.ctrlKey && !event.metaKey) add();
    } else if (event.key === "Backspace" && !input.value && held.length) {
      held = held.slice(0, -1);
      draw();
      changed();
    }
  });
  input.addEventListener("change", add);
  draw();
  return {
    get: () => [...held],
    set(next) {
      held = [...next];
      draw();
    },
    known(words) {
      root.querySelector("datalist").replaceChildren(...words.map((word) => element("option", { value: word })));
    },
  };
}

export function createFields({ start, changed }) {
  let saved = start.fields;
  let facets = new Map();
  let choices = null;
  const tags = createChips(document.querySelector('[data-chips="tags"]'), { values: saved.tags, changed });

  function facet(name, values) {
    const number = facets.size;
    const root = at("facet-row").content.firstElementChild.cloneNode(true);
    for (const [part, attribute] of [["label", "for"], ["input", "id"], ["input", "list"], ["datalist", "id"], ["input", "aria-describedby"], ["p", "id"]]) {
      const one = root.querySelector(part);
      one.setAttribute(attribute, one.getAttribute(attribute).replace("facet", `facet-${number}`));
    }
    root.dataset.chips = name;
    root.querySelector("p").hidden = true;
    const chips = createChips(root, { values, changed, legend: name });
    facets.set(name, chips);
    at("facets").append(root);
    if (choices?.facets[name]) chips.known(choices.facets[name]);
    return root;
  }

  function put(fields) {
    for (const name of ["audience", "governance"]) {
      const radio = document.querySelector(`input[name="${name}"][value="${fields[name]}"]`);
      if (radio) radio.checked = true;
    }
    tags.set(fields.tags);
    at("facets").replaceChildren();
    facets = new Map();
    for (const [name, values] of Object.entries(fields.facets)) facet(name, values);
    for (const name of MOMENTS) at(name).value = shownMoment(fields[name], at(name).type);
    const owner = at("owner");
    if (fields.owner && ![...owner.options].some((option) => option.value === fields.owner)) {
      owner.append(element("option", { value: fields.owner, textContent: fields.owner }));
    }
    owner.value = fields.owner ?? "";
    if (fields.owner) void fillPeople(owner, fields.owner).then(() => named(owner, fields.owner));
  }

  /** The id that stood in for a name goes once the name is known. */
  function named(select, id) {
    const same = [...select.options].filter((option) => option.value === id);
    if (same.length > 1) same[0].remove();
  }

  function read() {
    const moments = Object.fromEntries(MOMENTS.map((name) => {
      const input = at(name);
      // Seconds that the input does not show stay as they are.
      return [name, input.value === shownMoment(saved[name], input.type) ? (saved[name] ?? null) : momentOf(input)];
    }));
    return {
      audience: document.querySelector('input[name="audience"]:checked')?.value ?? saved.audience,
      governance: document.querySelector('input[name="governance"]:checked')?.value ?? saved.governance,
      tags: tags.get(),
      facets: Object.fromEntries([...facets].map(([name, chips]) => [name, chips.get()]).filter(([, values]) => values.length)),
      owner: at("owner").value || null,
      ...moments,
    };
  }

  /** Names and values that differ from what is saved. */
  function changes() {
    const here = read();
    return Object.fromEntries(Object.entries(here).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(saved[name])));
  }

  async function load() {
    if (choices || !start.may_edit) return;
    choices = { tags: [], facets: {} };
    try {
      choices = await json("GET", "/editor/choices");
    } catch {
      choices = null;
      return;
    }
    tags.known(choices.tags);
    for (const [name, chips] of facets) chips.known(choices.facets[name] ?? []);
    at("known-facets").replaceChildren(...Object.keys(choices.facets).map((name) => element("option", { value: name })));
  }

  at("article-fields").addEventListener("focusin", (event) => {
    void load();
    if (event.target === at("owner")) void fillPeople(at("owner"), at("owner").value || undefined).then(() => named(at("owner"), at("owner").value));
  });
  at("article-fields").addEventListener("change", (event) => {
    if (!event.target.closest(".chips, .facet-new")) changed();
  });
  at("facet-add").addEventListener("click", addFacet);
  at("facet-name").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    addFacet();
  });

  function addFacet() {
    const name = at("facet-name").value.trim();
    at("facet-name").value = "";
    if (!name) return;
    if (!facets.has(name)) facet(name, []);
    [...at("facets").children].find((root) => root.dataset.chips === name)?.querySelector("input").focus();
  }

  put(saved);
  return {
    read,
    changes,
    put,
    saved(next = read()) {
      saved = next;
    },
    get before() {
      return saved;
    },
  };
}

// A translation that a machine proposes: asked for, never taken unread.

import { json } from "./api.js";
import { said, text } from "./words.js";

const PATIENCE = 600_000; // milliseconds: a model on a small machine takes its time

/** Wires the offer, if there is one; `mayGo` tells whether nothing typed would be in its way. */
export function createProposal({ start, mayGo, notice }) {
  const offer = document.getElementById("propose");
  const button = offer?.querySelector("button");
  button?.addEventListener("click", async () => {
    if (!mayGo()) return;
    const before = button.textContent;
    button.disabled = true;
    button.textContent = button.dataset.waiting;
    try {
      await json("POST", `/api/v1/articles/${start.article}/translations/${start.language}/proposal`, undefined, { patience: PATIENCE });
      location.reload();
    } catch (error) {
      button.disabled = false;
      button.textContent = before;
      notice("bad", error.message === "generator_error" ? text("no_proposal") : said(error));
    }
  });
  return { drop: () => offer?.remove() };
}

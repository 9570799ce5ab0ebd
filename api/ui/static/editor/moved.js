// An article that got another key while it is being written here: one goes on under the new one.

import { Refusal } from "./api.js";

/** The key that an article has by now; empty when the error is about something else.
 * An article that was merged into another one still has its own key: it is not that other one. */
export async function keyNow(error, article) {
  if (!(error instanceof Refusal) || !article) return "";
  if (error.status !== 404 && !(error.status === 409 && error.details.article)) return "";
  const headers = { accept: "application/json" };
  const response = await fetch(`/api/v1/articles/${article}?view=latest`, { headers, cache: "no-store" }).catch(() => null);
  return response?.ok ? (await response.json()).id : "";
}

/** Lead what stands on the page to the new key: links, forms, comments. */
export function rekey(old, key) {
  for (const prefix of [`/editor/articles/${old}/`, `/a/${old}?`]) {
    for (const link of document.querySelectorAll(`a[href^="${CSS.escape(prefix)}"]`)) {
      link.setAttribute("href", link.getAttribute("href").replace(old, key));
    }
  }
  for (const form of document.querySelectorAll("form[data-path]")) {
    form.dataset.path = form.dataset.path.replace(`/articles/${old}/`, `/articles/${key}/`);
  }
  for (const one of document.querySelectorAll(".writer__key code")) one.textContent = `/a/${key}`;
  const comments = document.getElementById("comments");
  if (comments) comments.dataset.article = key;
}

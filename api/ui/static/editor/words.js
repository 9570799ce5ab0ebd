// What is said to the person, in their language.

import { NoLine, Refusal, SignedOut } from "./api.js";
import { hasText, text } from "../embed/texts.js";

const clock = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "medium" });
const counts = new Intl.NumberFormat(document.documentElement.lang);

export { text };
export const now = () => clock.format(new Date());
export const count = (n) => counts.format(n);

/** An error in words: by its reason, its code, or what kind it is. */
export function said(error) {
  if (error instanceof SignedOut) return text(error.other ? "other_person" : "signed_out");
  if (error instanceof NoLine) return text(error.status === 429 ? "error_too_many" : error.status ? "error_busy" : "error_no_line");
  if (!(error instanceof Refusal)) throw error;
  const { limit, reason } = error.details;
  for (const key of [`reason_${reason}`, limit && `error_${error.code}_limit`, `error_${error.code}`]) {
    if (key && hasText(key)) return text(key, { limit: limit ? count(limit) : "" });
  }
  return text("error_other");
}

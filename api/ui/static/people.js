// The administrators' pages work without this: it copies what is shown once.
"use strict";

document.documentElement.classList.add("js");

async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Without the permission (or over plain HTTP from elsewhere): select it for the reader.
    field.focus();
    field.select();
    return;
  }
  const before = button.textContent;
  button.textContent = `✓ ${button.dataset.done}`;
  setTimeout(() => { button.textContent = before; }, 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button);
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches(".secret__text")) event.target.select();
});

// Sending a file, and watching how far it is; without this the form and the page do it by themselves.

import { offerColumns } from "./columns.js";

const form = document.getElementById("send");
const moving = document.getElementById("moving");
const EVERY = 1000; // milliseconds between two looks

if (form) {
  const file = document.getElementById("file");
  const drop = document.getElementById("drop");
  const told = document.getElementById("told");
  const bar = document.getElementById("sent");
  const button = form.querySelector('button[type="submit"]');
  let isSending = false;

  const isTooLarge = () => (file.files[0]?.size ?? 0) > Number(form.dataset.most);

  function say(words) {
    told.textContent = words;
    told.classList.toggle("send__told--bad", words === told.dataset.large || !isSending);
  }

  function over(words) {
    isSending = false;
    bar.hidden = true;
    button.disabled = false;
    say(words);
  }

  offerColumns(file, document.getElementById("columns"));
  file.addEventListener("change", () => over(isTooLarge() ? told.dataset.large : ""));

  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      drop.classList.add("drop--over");
    });
  }
  drop.addEventListener("dragleave", (event) => {
    if (!drop.contains(event.relatedTarget)) drop.classList.remove("drop--over");
  });
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("drop--over");
    const [one] = event.dataTransfer.files;
    if (!one) return;
    const list = new DataTransfer();
    list.items.add(one);
    file.files = list.files;
    file.dispatchEvent(new Event("change"));
    file.focus();
  });

  // What the server says of a file that it did not take is a problem document.
  function answered(call) {
    if (call.status === 200) return location.assign(call.responseURL);
    let detail = "";
    try { detail = JSON.parse(call.responseText).detail; } catch { /* no answer of ours */ }
    over(detail || told.dataset.failed);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (isSending) return;
    if (isTooLarge()) return over(told.dataset.large);
    const call = new XMLHttpRequest(); // fetch does not tell how much has been sent
    call.open("POST", form.action);
    call.setRequestHeader("accept", "application/json");
    call.setRequestHeader("x-csrf-token", form.elements.csrf.value);
    call.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.max = total;
      bar.value = loaded;
    });
    call.upload.addEventListener("load", () => {
      bar.removeAttribute("value");
      say(told.dataset.reading);
    });
    call.addEventListener("load", () => answered(call));
    call.addEventListener("error", () => over(told.dataset.failed));
    isSending = true;
    button.disabled = true;
    bar.hidden = false;
    bar.removeAttribute("value");
    say(told.dataset.sending);
    call.send(new FormData(form));
  });
  addEventListener("pageshow", (event) => event.persisted && over(""));
}

if (moving) {
  const told = document.getElementById("moving-told");
  const bar = document.getElementById("moving-bar");

  async function look() {
    try {
      const answer = await fetch(moving.dataset.progress, { headers: { accept: "application/json" } });
      if (!answer.ok) return location.reload(); // signed out, or gone
      const now = await answer.json();
      if (now.state !== moving.dataset.state) return location.reload();
      if (told.textContent !== now.told) told.textContent = now.told;
      if (now.all) {
        bar.max = now.all;
        bar.value = now.done;
      }
    } catch { /* no line: the next look tells */ }
    return setTimeout(look, EVERY);
  }
  setTimeout(look, EVERY);
}

// Pictures: dropped, pasted or chosen, made smaller here where they are large, and sent.

import { json } from "./api.js";
import { element } from "../embed/dom.js";
import { block } from "./typing.js";
import { said, text } from "./words.js";

const KINDS = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const MOST = 950_000; // bytes that the server takes at a time
const SIDE = 2_000; // pixels

async function drawn(bitmap, share, kind, quality) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * share));
  canvas.height = Math.max(1, Math.round(bitmap.height * share));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, kind, quality));
}

/** Small enough to be sent; one that moves stays as it is. */
async function fitted(file) {
  if (file.size <= MOST) return file;
  const bitmap = await createImageBitmap(file);
  try {
    let share = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    for (const quality of [0.86, 0.8, 0.7]) {
      const made = await drawn(bitmap, share, "image/webp", quality);
      if (made && made.size <= MOST) return made;
      share *= 0.75;
    }
  } finally {
    bitmap.close();
  }
  return file;
}

export function createImages({ area, file, notice }) {
  const isPicture = (one) => one.type.startsWith("image/");

  async function send(one) {
    if (!KINDS.has(one.type)) {
      notice("bad", text("image_kind", { name: one.name }));
      return;
    }
    const told = notice("busy", text("image_sending", { name: one.name }));
    try {
      const body = await fitted(one).catch(() => one);
      const kept = await json("POST", "/api/v1/images", body, { type: body.type || one.type });
      told.remove();
      const words = text("image_words");
      block(area, `![${words}](${kept.address})`, 2, 2 + words.length);
    } catch (error) {
      told.remove();
      const again = element("button", { type: "button", className: "button button--small", textContent: text("again") });
      const line = notice("bad", `${text("image_failed", { name: one.name })} ${said(error)}`, again);
      again.addEventListener("click", () => {
        line.remove();
        void send(one);
      });
    }
  }

  async function sendAll(files) {
    for (const one of files) await send(one);
  }

  area.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter(isPicture);
    // Office programs put a picture of the words beside the words: those are meant.
    if (!files.length || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    void sendAll(files);
  });
  area.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    area.classList.add("is-target");
  });
  area.addEventListener("dragleave", () => area.classList.remove("is-target"));
  area.addEventListener("drop", (event) => {
    area.classList.remove("is-target");
    const files = [...event.dataTransfer.files];
    if (!files.length) return;
    event.preventDefault();
    area.focus();
    void sendAll(files);
  });
  file.addEventListener("change", () => {
    const files = [...file.files];
    file.value = "";
    void sendAll(files);
  });
  return { choose: () => file.click() };
}

// Small steps with the document: templates are cloned and filled, nothing becomes HTML here.

/** A copy of the one element in a template. */
export function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

/** The part of an element that is called so in the template. */
export function part(root, name) {
  return root.querySelector(`[data-part="${name}"]`);
}

/** Write a text into a part, and hide the part where there is none. */
export function write(root, name, value, language) {
  const target = part(root, name);
  target.textContent = value ?? "";
  target.hidden = !value;
  if (language) target.lang = language;
  return target;
}

/** An element with properties and children. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export const isReduced = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Resolves when what was changed is on the screen. */
export function painted() {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => resolve(performance.now());
    // In a tab that is not looked at no frame ever comes.
    if (document.visibilityState === "hidden") channel.port2.postMessage(null);
    else requestAnimationFrame(() => channel.port2.postMessage(null));
  });
}

/** Copy a text; true when it is in the clipboard. Frames of other sites may not be let. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element("textarea", { value: text, className: "away", readOnly: true });
    area.setAttribute("aria-hidden", "true");
    const before = document.activeElement;
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    before?.focus({ preventScroll: true });
    return done;
  }
}

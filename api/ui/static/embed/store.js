// What is typed and not sent yet, kept while the tab lives. Where the browser refuses storage
// (a frame of another site), it is kept in memory: a reload loses it, nothing else does.

const PREFIX = "potica.";
const memory = new Map();

function storage() {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

export function keep(key, value) {
  const text = JSON.stringify(value);
  memory.set(key, text);
  try {
    storage()?.setItem(PREFIX + key, text);
  } catch {
    // Full or refused: memory has it.
  }
}

export function kept(key, otherwise = null) {
  let text = memory.get(key) ?? null;
  try {
    text = storage()?.getItem(PREFIX + key) ?? text;
  } catch {
    // Memory it is.
  }
  try {
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

export function forget(key) {
  memory.delete(key);
  try {
    storage()?.removeItem(PREFIX + key);
  } catch {
    // It was never there.
  }
}

/** Keep what is typed into a field, and give back what was typed before. */
export function draft(field, key) {
  const before = kept(`draft.${key}`);
  if (before !== null) field.value = before;
  field.oninput = () => {
    if (field.value) keep(`draft.${key}`, field.value);
    else forget(`draft.${key}`);
  };
  return before !== null;
}

export const forgetDraft = (key) => forget(`draft.${key}`);

// What is typed, kept in this browser until the server has it. One copy for each tab, so that two
// tabs never write over each other's; a tab that is no more leaves its copy to the next one.

const SMALL = 900_000; // characters; more goes into the browser's database
const ANSWER = 250; // milliseconds in which tabs that live say so
const STORE = "texts";

function database() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("potica", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function within(mode, act) {
  const db = await database();
  try {
    return await new Promise((resolve, reject) => {
      const work = db.transaction(STORE, mode);
      const asked = act(work.objectStore(STORE));
      work.oncomplete = () => resolve(asked?.result);
      work.onerror = work.onabort = () => reject(work.error);
    });
  } finally {
    db.close();
  }
}

function parsed(value) {
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}

export function createCopies(person, place, tell) {
  const tab = `${Math.random().toString(36).slice(2)}${performance.now().toString(36).replace(".", "")}`;
  const alive = new Set();
  let prefix = "";
  let channel = null;
  let isLarge = false; // the last one went into the database

  function listen(where) {
    channel?.close();
    prefix = `potica.text.${person}.${where}.`;
    channel = new BroadcastChannel(`potica.text.${person}.${where}`);
    channel.onmessage = ({ data }) => {
      if (data.from === tab) return;
      alive.add(data.from);
      if (data.type === "who") channel.postMessage({ type: "here", from: tab });
      else if (data.type === "gone") alive.delete(data.from);
      tell(data);
    };
  }
  listen(place);

  async function putLarge(value) {
    isLarge = true;
    localStorage.removeItem(prefix + tab);
    await within("readwrite", (store) => store.put(value, prefix + tab));
  }

  return {
    tab,
    others: () => alive.size,
    say: (type, more = {}) => channel.postMessage({ type, from: tab, ...more }),
    /** Keep it; gives whether it is kept for sure by now (large texts take a moment). */
    put(copy) {
      const value = JSON.stringify({ ...copy, tab });
      if (value.length <= SMALL) {
        try {
          localStorage.setItem(prefix + tab, value);
          if (isLarge) void within("readwrite", (store) => store.delete(prefix + tab));
          isLarge = false;
          return Promise.resolve(true);
        } catch {
          // full: the database takes more
        }
      }
      return putLarge(value).then(() => true, () => false);
    },
    drop() {
      const name = prefix + tab;
      localStorage.removeItem(name);
      if (isLarge) void within("readwrite", (store) => store.delete(name)).catch(() => {});
      isLarge = false;
    },
    /** From now on of another place: the article has another key. */
    moveTo(where) {
      this.drop();
      listen(where);
    },
    /** Copies of tabs that are no more. */
    async left() {
      const names = Object.keys(localStorage).filter((name) => name.startsWith(prefix));
      const large = await within("readonly", (store) => store.getAllKeys()).catch(() => []);
      const found = [...new Set([...names, ...large.filter((name) => String(name).startsWith(prefix))])];
      channel.postMessage({ type: "who", from: tab });
      await new Promise((resolve) => setTimeout(resolve, found.length ? ANSWER : 0));
      const copies = [];
      for (const name of found) {
        if (alive.has(name.slice(prefix.length))) continue;
        const value = localStorage.getItem(name) ?? (await within("readonly", (store) => store.get(name)).catch(() => null));
        const copy = value && parsed(value);
        if (copy) copies.push({ ...copy, name });
      }
      return copies;
    },
    async forget(copy) {
      localStorage.removeItem(copy.name);
      await within("readwrite", (store) => store.delete(copy.name)).catch(() => {});
    },
    end() {
      channel.postMessage({ type: "gone", from: tab });
    },
  };
}

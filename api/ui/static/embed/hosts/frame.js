// The page around this one: who it is, and a line to it and to nobody else.
//
// The browser has checked every page above this one against frame-ancestors before any script
// ran. What is left is to know which of the allowed ones it is, exactly.

const warned = new Set();

/** Say once in the console that something was left out, and why. */
export function warnOnce(key, text) {
  if (warned.has(key)) return;
  warned.add(key);
  console.warn(`Potica: ${text}`);
}

/** The values that the server put into the page: `{token, origins}`, or what is there of them. */
export function served() {
  const meta = document.querySelector('meta[name="potica-embed"]');
  try {
    const found = JSON.parse(meta?.content || "{}");
    return found !== null && typeof found === "object" ? found : {};
  } catch {
    return {};
  }
}

function originOf(address) {
  try {
    const { origin } = new URL(address);
    return origin === "null" ? null : origin;
  } catch {
    return null;
  }
}

function parentOrigin() {
  const [nearest] = location.ancestorOrigins ?? [];
  if (nearest !== undefined) return nearest === "null" ? null : originOf(nearest);
  return originOf(document.referrer);
}

/**
 * The line to the page around this one.
 *
 * `origin` is null until it is known: where the browser tells neither ancestors nor referrer, the
 * first message of the parent window tells it, and it never changes after that.
 */
class Frame {
  constructor() {
    this.isFramed = window.parent !== window;
    this.origin = this.isFramed ? parentOrigin() : location.origin;
    this.listeners = new Set();
    this.waiting = [];
    this.origins = null;
    const { origins } = served();
    if (Array.isArray(origins)) this.origins = new Set([location.origin, ...origins]);
    if (this.isFramed) addEventListener("message", (event) => this.take(event));
  }

  isAllowed(origin) {
    if (origin === "null" || !/^https?:\/\//.test(origin)) return false;
    if (this.origin !== null) return origin === this.origin;
    return this.origins === null || this.origins.has(origin);
  }

  take(event) {
    if (event.source !== window.parent) return;
    if (!this.isAllowed(event.origin)) {
      warnOnce("origin", `a message of ${event.origin} was not taken.`);
      return;
    }
    if (this.origin === null) {
      this.origin = event.origin;
      for (const data of this.waiting.splice(0)) this.post(data);
    }
    for (const listener of this.listeners) {
      try {
        listener(event.data);
      } catch (error) {
        warnOnce("fault", `a message of the host could not be read (${error.message}).`);
      }
    }
  }

  /** Whether the page around has this origin. Where the browser does not tell, a listed one is it. */
  settle(origin) {
    if (!this.isFramed) return false;
    if (this.origin === null && this.origins?.has(origin)) this.origin = origin;
    return this.origin !== null && this.origin === origin;
  }

  /** Have `listener(data)` called with every message of the parent; gives a function to stop. */
  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Send to the parent, and only to the origin it is known by; waits until that is known. */
  post(data) {
    if (!this.isFramed) return;
    if (this.origin === null) this.waiting.push(data);
    else window.parent.postMessage(data, this.origin);
  }
}

/** The one line of this page. */
export const frame = new Frame();

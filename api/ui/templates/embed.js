// Potica's sidebar in any page:
//
//   <script src="https://kb.example/embed.js" data-source="crm" data-insert="#reply" async></script>
//   <script>
//     addEventListener("potica:load", () => {
//       Potica.context({ interaction: { external_id: "4711", channel: "chat" },
//                        messages: [{ id: "1", role: "customer", text: "…" }] });
//       Potica.on("insert", ({ text }) => { … });
//     });
//   </script>
//
// All that it does is described in docs/integrations/. It needs nothing, styles nothing but its
// own elements (by properties, which every content security policy allows), and throws nothing.
(() => {
  "use strict";

  const TEXTS = "__TEXTS__"; // language -> {title, show, hide}, put in by the server
  const VERSION = 1;
  const SIDE = 380; // pixels
  const ABOVE = 2_000_000_000; // z-index
  const MOST = 1000; // messages that are kept
  const FIELDS = [
    "source", "externalId", "channel", "customerRef", "customerName", "agentRef", "language",
    "subject",
  ];

  const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  function warn(error) {
    try {
      console.warn(`Potica: ${error?.message ?? error}`);
    } catch {
      // a page without a console
    }
  }

  /** The function, made so that it never throws into the page. */
  const calm = (given) => (...values) => {
    try {
      return given(...values);
    } catch (error) {
      warn(error);
      return undefined;
    }
  };

  function texts(options) {
    const wishes = [options.ui, document.documentElement.lang, ...(navigator.languages ?? [])];
    for (const wish of wishes) {
      const language = String(wish ?? "").slice(0, 2).toLowerCase();
      if (Object.hasOwn(TEXTS, language)) return TEXTS[language];
    }
    return TEXTS.en;
  }

  /** Put a text where the cursor is in a field, a text area or an editable element. */
  function insertInto(field, text) {
    field.focus();
    if (typeof field.setRangeText === "function") {
      field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" }));
    } else if (!document.execCommand("insertText", false, text)) {
      field.append(text);
      field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" }));
    }
  }

  class Sidebar {
    constructor(script) {
      this.options = { ...script.dataset };
      const base = new URL(this.options.url ?? script.src, location.href);
      this.origin = base.origin;
      this.words = texts(this.options);
      this.listeners = new Map();
      this.hasLoaded = false; // the sidebar's page is in the frame
      this.isReady = false; // it listens
      this.last = null;
      this.tokenUrl = this.ownAddress(this.options.tokenUrl);
      addEventListener("message", calm((event) => this.take(event)));
    }

    /** The address of the page's own server that gives tokens; others are not asked. */
    ownAddress(given) {
      if (!given) return null;
      const address = new URL(given, location.href);
      if (address.origin === location.origin) return address.href;
      warn("data-token-url leads to another site: it is not asked.");
      return null;
    }

    // --- what is seen ---

    build() {
      const { options, words } = this;
      const place = options.target ? document.querySelector(options.target) : null;
      if (options.target && place === null) throw new Error(`${options.target} is not there.`);
      this.box = this.element("section", { "aria-label": options.title ?? words.title });
      this.frame = this.makeFrame();
      this.isFloating = place === null;
      if (this.isFloating || options.collapsible === "true") this.box.append(this.makeButton());
      this.box.append(this.frame);
      this.style(this.box, { display: "flex", "flex-direction": "column", height: "100%" });
      if (this.isFloating) this.float();
      (place ?? document.body).append(this.box);
      this.show(options.collapsed !== "true");
    }

    element(name, attributes) {
      const made = document.createElement(name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      return made;
    }

    style(element, rules) {
      for (const [name, value] of Object.entries(rules)) element.style.setProperty(name, value);
    }

    makeFrame() {
      const { options } = this;
      const address = new URL("/embed", this.origin);
      address.searchParams.set("host", options.host ?? "potica");
      if (options.ui) address.searchParams.set("ui", options.ui);
      if (this.tokenUrl !== null) address.searchParams.set("token", "host");
      const frame = this.element("iframe", {
        id: "potica-sidebar",
        title: options.title ?? this.words.title,
        allow: "clipboard-write",
        referrerpolicy: "origin", // the sidebar must know whose page this is
      });
      if (this.origin !== location.origin) {
        frame.setAttribute(
          "sandbox",
          "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox",
        );
      }
      this.style(frame, {
        border: "0",
        width: "100%",
        flex: "1 1 auto",
        "min-height": "0",
        height: options.height && options.height !== "auto" ? `${parseInt(options.height, 10)}px` : "100%",
        "color-scheme": "normal", // else some browsers paint an opaque ground
      });
      frame.addEventListener("load", calm(() => this.loaded()));
      frame.src = address.href;
      return frame;
    }

    makeButton() {
      this.button = this.element("button", { type: "button", "aria-controls": "potica-sidebar" });
      this.style(this.button, {
        "border-radius": "8px",
        background: "#ffffff",
        color: "#1a1f27",
        cursor: "pointer",
        "align-self": "flex-end",
      });
      this.button.addEventListener("click", calm(() => this.show(!this.isShown)));
      return this.button;
    }

    float() {
      const side = this.options.side === "left" ? "left" : "right";
      this.style(this.box, {
        position: "fixed",
        height: "auto",
        top: "0",
        bottom: "0",
        [side]: "0",
        "max-width": "100vw",
        "z-index": String(ABOVE),
      });
    }

    show(isShown) {
      this.isShown = isShown;
      if (this.button) {
        this.button.setAttribute("aria-expanded", String(isShown));
        this.button.textContent = isShown ? this.words.hide : this.words.show;
        this.style(this.button, {
          "min-height": isShown ? "32px" : "44px",
          padding: isShown ? "0 12px" : "0 16px",
          margin: isShown ? "0" : "8px",
          border: isShown ? "1px solid transparent" : "1px solid #5b6472",
          font: `600 ${isShown ? 12 : 14}px/1.4 system-ui, sans-serif`,
        });
      }
      this.style(this.frame, { display: isShown ? "block" : "none" });
      if (!this.isFloating) return;
      const width = parseInt(this.options.width, 10) || SIDE;
      this.style(this.box, {
        width: isShown ? `${width}px` : "auto",
        bottom: isShown ? "0" : "auto",
        background: isShown ? "#ffffff" : "transparent",
        "box-shadow": isShown ? "0 0 12px rgb(0 0 0 / 20%)" : "none",
      });
    }

    // --- what is said ---

    /** Before the sidebar is there the frame is empty: then what counts is told when it is. */
    post(message) {
      if (!this.hasLoaded) return;
      this.frame.contentWindow?.postMessage({ version: VERSION, ...message }, this.origin);
    }

    loaded() {
      this.hasLoaded = true;
      this.post({ type: "potica.theme", theme: this.options.theme ?? "auto" });
      if (this.last !== null) this.post(this.last);
    }

    take(event) {
      if (!this.frame || event.source !== this.frame.contentWindow) return;
      if (event.origin !== this.origin || !isObject(event.data)) return;
      const { data } = event;
      if (data.type === "potica.ready") this.ready();
      else if (data.type === "potica.insert") this.insert(data);
      else if (data.type === "potica.resize") this.resize(data.height);
      else if (data.type === "potica.token_wanted") this.fetchToken().catch(warn);
    }

    ready() {
      if (!this.isReady) this.tell("ready", {});
      this.isReady = true;
      if (this.last === null && FIELDS.some((name) => this.options[name])) this.context({});
      else this.loaded();
    }

    insert({ text, format, suggestion_id: suggestionId, sources }) {
      if (typeof text !== "string") return;
      const field = this.options.insert ? document.querySelector(this.options.insert) : null;
      if (field !== null) insertInto(field, text);
      this.tell("insert", { text, format, suggestionId, sources });
    }

    resize(height) {
      if (!Number.isFinite(height)) return;
      this.tell("resize", { height });
      if (this.options.height !== "auto") return;
      this.style(this.frame, { height: `${Math.min(Math.max(height, 200), 5000)}px` });
    }

    async fetchToken() {
      if (this.tokenUrl === null) return;
      const response = await fetch(this.tokenUrl, {
        method: "POST",
        headers: { accept: "application/json" },
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
      });
      if (!response.ok) throw new Error(`data-token-url answered ${response.status}.`);
      const { token } = await response.json();
      this.post({ type: "potica.token", token });
    }

    // --- what the page may call ---

    context(given) {
      const told = JSON.parse(JSON.stringify(isObject(given) ? given : {}));
      const known = FIELDS.filter((name) => this.options[name] !== undefined).map((name) => [
        snake(name),
        this.options[name],
      ]);
      this.last = {
        type: "potica.context",
        interaction: {
          source: location.hostname.replace(/[^a-z0-9_-]+/g, "-").replace(/^[^a-z0-9]+/, "") || "page",
          ...Object.fromEntries(known),
          ...told.interaction,
        },
        messages: Array.isArray(told.messages) ? told.messages.slice(-MOST) : [],
        capabilities: {
          insert: Boolean(this.options.insert) || this.listeners.has("insert"),
          ...told.capabilities,
        },
      };
      this.post(this.last);
    }

    message(given) {
      const { interaction, messages = [], capabilities } = this.last ?? {};
      const one = JSON.parse(JSON.stringify(given));
      const others = messages.filter((message) => one.id === undefined || message.id !== one.id);
      this.context({ interaction, messages: [...others, one], capabilities });
    }

    on(name, listener) {
      if (typeof listener !== "function") throw new Error("on(name, listener) needs a function.");
      const known = this.listeners.get(name) ?? new Set();
      this.listeners.set(name, known.add(listener));
      if (name === "insert" && this.last !== null) {
        this.context({ ...this.last, capabilities: { ...this.last.capabilities, insert: true } });
      }
      if (name === "ready" && this.isReady) calm(listener)({});
      return () => known.delete(listener);
    }

    tell(name, detail) {
      for (const listener of this.listeners.get(name) ?? []) calm(listener)(detail);
      document.dispatchEvent(new CustomEvent(`potica:${name}`, { detail }));
    }

    theme(name) {
      this.options.theme = name;
      this.post({ type: "potica.theme", theme: name });
    }
  }

  function start(script) {
    const sidebar = new Sidebar(script);
    window.Potica = Object.freeze({
      context: calm((given) => sidebar.context(given)),
      message: calm((given) => sidebar.message(given)),
      on: calm((name, listener) => sidebar.on(name, listener)),
      theme: calm((name) => sidebar.theme(name)),
      open: calm(() => sidebar.show(true)),
      close: calm(() => sidebar.show(false)),
      toggle: calm(() => sidebar.show(!sidebar.isShown)),
    });
    const build = calm(() => {
      sidebar.build();
      dispatchEvent(new CustomEvent("potica:load"));
    });
    if (document.body !== null && (!script.dataset.target || document.readyState !== "loading")) {
      build();
    } else {
      document.addEventListener("DOMContentLoaded", build);
    }
  }

  calm(() => {
    const script =
      document.currentScript ?? document.querySelector('script[src$="/embed.js"], script[data-potica]');
    if (window.Potica === undefined && script !== null) start(script);
  })();
})();

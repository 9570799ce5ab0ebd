// A host that speaks our own protocol: a page with embed.js, the practice desk, any page that
// posts `potica.context`. Described in docs/integrations/protocol.md.

import { isObject, readContext, VERSION } from "./context.js";
import { warnOnce } from "./frame.js";
import { watchHeight } from "./height.js";
import { offerToken, whenTokenWanted } from "./offer.js";

const THEMES = ["light", "dark", "auto"];

export function connectPotica({ frame, onContext, onTheme, name = "potica" }) {
  let canInsert = false;

  const takers = {
    "potica.context": (data) => {
      const context = readContext(data);
      if (context === null) return;
      canInsert = context.capabilities.insert;
      onContext(context);
    },
    "potica.theme": (data) => {
      if (THEMES.includes(data.theme)) onTheme(data.theme);
      else warnOnce("theme", "potica.theme names no theme: send light, dark or auto.");
    },
    "potica.token": (data) => offerToken(data.token, frame.origin),
  };

  const stop = frame.listen((data) => {
    if (!isObject(data) || typeof data.type !== "string") return; // somebody else's message
    if (Object.hasOwn(takers, data.type)) takers[data.type](data);
    else if (data.type.startsWith("potica.")) {
      warnOnce(`type ${data.type.slice(0, 60)}`, "a message of the host is of no known type.");
    }
  });
  whenTokenWanted(() => frame.post({ type: "potica.token_wanted", version: VERSION }));
  frame.post({ type: "potica.ready", version: VERSION });
  const stopHeight = watchHeight((height) =>
    frame.post({ type: "potica.resize", version: VERSION, height }),
  );

  return {
    name,
    get canInsert() {
      return canInsert;
    },
    async insert({ text, suggestionId = null, sources = [] }) {
      if (!canInsert) return false;
      frame.post({
        type: "potica.insert",
        version: VERSION,
        text,
        format: "text",
        suggestion_id: suggestionId,
        sources,
      });
      return true;
    },
    close() {
      stop();
      stopHeight();
    },
  };
}

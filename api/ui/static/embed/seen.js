// How long it takes from what was said to what is seen.

import { painted } from "./dom.js";

// `potica bench live` reads these.
const mark = (name, version, startTime) => performance.mark(`potica:${name}`, { startTime, detail: { version } });

/** `interactionId()` gives the one on the screen, or null. */
export function createSeen({ api, interactionId }) {
  let arrivals = new Map(); // version of the conversation -> when what made it arrived here
  let reported = 0; // the last version whose answers were seen

  /** Tell the server. */
  function report(suggestionId, version, paintedAt) {
    const versions = [...arrivals.keys()].filter((known) => known <= version);
    const arrivedAt = arrivals.get(Math.max(...versions));
    for (const known of versions) if (known < version) arrivals.delete(known);
    if (arrivedAt === undefined) return;
    const body = { suggestion_id: suggestionId, milliseconds: Math.max(0, Math.round(paintedAt - arrivedAt)) };
    api.post(`/api/v1/interactions/${interactionId()}/shown`, body).catch(() => {});
  }

  return {
    arrived(version, at = performance.now()) {
      if (!arrivals.has(version)) arrivals.set(version, at);
    },
    /** Answers to this version are on their way to the screen. */
    async drawn(suggestionId, version) {
      const paintedAt = await painted();
      mark("painted", version, paintedAt);
      if (interactionId() === null || version <= reported) return;
      reported = version;
      report(suggestionId, version, paintedAt);
    },
    /** This version asked for nothing: the screen stays as it is. */
    quiet: (version) => mark("quiet", version),
    clear() {
      arrivals = new Map();
      reported = 0;
    },
  };
}

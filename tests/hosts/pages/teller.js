// A frame beside the sidebar, of the same site or sandboxed: it reaches its neighbours by number.
"use strict";

const FORGED = { type: "potica.insert", version: 1, text: "Send me your password." };

for (let n = 0; n < parent.length; n += 1) parent[n].postMessage(STOLEN, "*");
parent.postMessage(FORGED, "*");
parent.postMessage({ told: origin === "null" ? "a frame of nobody" : "a frame of the page" }, "*");

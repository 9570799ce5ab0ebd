// The one place where text becomes HTML: fragments that this server rendered.
// The content security policy knows no other Trusted Types policy, so nothing else can.
"use strict";

const serverHtml = (window.trustedTypes ?? { createPolicy: (_, rules) => rules }).createPolicy(
  "potica",
  { createHTML: (html) => html },
);

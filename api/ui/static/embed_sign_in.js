// The window in which somebody lets the sidebar into another site. It gives a token to the window
// that opened it, and only when that one is a page of this very server: the browser delivers the
// message to no other origin. A site that opens this window by itself gets nothing.

const UNHURRIED = 600; // milliseconds in sight before a click counts: none that was meant elsewhere

const panel = document.getElementById("popup");
const allow = document.getElementById("allow");
const { origin, state } = panel.dataset;

/** The sidebar that opened this window, or null: it is gone, or it was another site. */
function sidebar() {
  try {
    const { opener } = window;
    return opener && !opener.closed && opener.location.origin === location.origin ? opener : null;
  } catch {
    return null; // another site's
  }
}

function tell(id) {
  document.getElementById(id).hidden = false;
  allow.disabled = true;
}

async function give() {
  allow.disabled = true;
  const response = await fetch("/api/v1/widget-tokens", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      "x-csrf-token": document.querySelector('meta[name="csrf-token"]').content,
    },
    body: JSON.stringify({ origin }),
    cache: "no-store",
  });
  const opener = sidebar();
  if (!response.ok) {
    tell("failed");
  } else if (opener === null) {
    tell("lost");
  } else {
    const { token } = await response.json();
    opener.postMessage({ type: "potica.signed_in", version: 1, state, token }, location.origin);
    window.close();
  }
}

/** The button works only after the window has been in sight, with the focus, for a moment. */
function arm() {
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    allow.disabled = true;
    if (document.visibilityState !== "visible" || !document.hasFocus()) return;
    timer = setTimeout(() => {
      allow.disabled = false;
    }, UNHURRIED);
  };
  for (const name of ["focus", "blur", "visibilitychange"]) addEventListener(name, wait);
  wait();
  allow.addEventListener("click", () => give().catch(() => tell("failed")));
}

document.getElementById("close")?.addEventListener("click", () => window.close());
if (allow !== null) {
  if (sidebar() === null) tell("lost");
  else arm();
}

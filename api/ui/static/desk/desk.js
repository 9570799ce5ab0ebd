// What all editors' pages share; they work without it.

document.documentElement.classList.add("js");
document.querySelector(".desk-tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// What was done is told once: the address that is sent to a colleague does not say it.
if (document.querySelector("[data-once]")) {
  const address = new URL(location.href);
  for (const name of ["done", "told", "left", "gap"]) address.searchParams.delete(name);
  history.replaceState(null, "", address);
}

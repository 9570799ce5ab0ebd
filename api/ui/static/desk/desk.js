// What all editors' pages share; they work without it.

document.documentElement.classList.add("js");
document.querySelector(".desk-tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

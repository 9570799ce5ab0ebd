// What stands in a page that only code, not text, would put there. Gives a list of complaints.
() => {
  const complaints = [];
  if (document.contentType !== "text/html") {
    // The browser makes a page of its own around what is no page.
    return /json$|^text\/(plain|css|javascript)$|^image\//.test(document.contentType) ? [] : [document.contentType];
  }
  const prose = new Set(
    "a blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr img input li mark ol p pre strong sub sup table tbody td th thead tr ul".split(" "),
  );
  const never = new Set(
    "frame frameset object embed applet base style math foreignobject animate set audio video source marquee portal xmp plaintext listing image".split(" "),
  );
  const schemes = new Set(["http:", "https:", "mailto:", "tel:"]);
  const own = ["src", "srcset", "action", "data", "poster", "formaction", "background"];
  const complain = (element, why) =>
    complaints.push(`${why}: ${element.outerHTML.slice(0, 200)}`);

  // A task that stands goes to an address of its own; the text of a draft is as tall as its words.
  function isOwn(element, attribute, value) {
    if (attribute === "formaction") return element.matches("form button") && /^\/editor\/tasks\/\d+\/stands$/.test(value);
    return attribute === "style" && element.matches(".ink > textarea#body") && /^height: [\d.]+px;?$/.test(value);
  }

  function look(element) {
    const name = element.localName.toLowerCase();
    if (never.has(name)) complain(element, "element");
    if (name === "use" && !/^(#i-[a-z-]+)?$/.test(element.getAttribute("href") ?? "")) complain(element, "use");
    // The practice desk has the sidebar in a frame.
    if (name === "iframe" && !(element.id === "sidebar" && element.src.startsWith(`${location.origin}/embed?`))) complain(element, "frame");
    if (name === "script") {
      if (!element.nonce || !element.src.startsWith(`${location.origin}/static/`)) complain(element, "script");
    }
    // A module that is fetched ahead needs the nonce of the script that will ask for it.
    if (name === "link" && !element.href.startsWith(`${location.origin}/static/`)) complain(element, "link");
    if (name === "meta" && element.httpEquiv) complain(element, "meta");
    if (element.closest(".prose") && !element.classList.contains("prose") && !prose.has(name)) {
      complain(element, "in prose");
    }
    for (const { name: attribute, value } of element.attributes) {
      if (attribute.startsWith("on")) complain(element, "handler");
      if (["style", "srcdoc", "ping", "formaction", "background"].includes(attribute) && !isOwn(element, attribute, value)) complain(element, attribute);
      if (attribute === "nonce" && name !== "script" && element.rel !== "modulepreload") complain(element, "nonce");
      if (/^(xlink:)?href$/.test(attribute) || own.includes(attribute)) {
        let url;
        try {
          url = new URL(value, location.href);
        } catch {
          continue; // leads nowhere
        }
        if (!schemes.has(url.protocol)) complain(element, "scheme");
        if (own.includes(attribute) && url.origin !== location.origin) complain(element, "elsewhere");
      }
    }
    if (name === "template") element.content.querySelectorAll("*").forEach(look);
  }

  document.querySelectorAll("*").forEach(look);
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) complaints.push(`twice: ${id}`);
  if (document.documentElement.innerText.includes("1787569")) complaints.push("a template was evaluated");
  return complaints;
}

// Which part is on the screen: one at a time where there is no room for more.

export function createPanes(root, onShow) {
  const buttons = [...document.querySelectorAll("#panes [data-show]")];

  function show(name, focus = false) {
    root.dataset.pane = name;
    for (const button of buttons) {
      if (button.dataset.show === name) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    onShow(name);
    if (!focus) return;
    const pane = document.getElementById(`pane-${name}`);
    const target = name === "write" ? document.getElementById("body") : pane.querySelector("[tabindex='0'], button:not([hidden]), summary, input, select, textarea, a");
    target?.focus();
    pane.scrollIntoView({ block: "nearest" });
  }

  for (const button of buttons) button.addEventListener("click", () => show(button.dataset.show));
  return { show, names: buttons.map((button) => button.dataset.show) };
}

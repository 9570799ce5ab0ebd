// How high the sidebar would like to be: as high as everything in it, so that nothing scrolls.

const LEAST = 8; // pixels; smaller changes are nobody's news

function wanted() {
  const main = document.getElementById("main");
  const inside = document.createRange();
  inside.selectNodeContents(main);
  const { paddingTop, paddingBottom } = getComputedStyle(main);
  const padding = parseFloat(paddingTop) + parseFloat(paddingBottom);
  const around = window.innerHeight - main.clientHeight;
  return Math.ceil(around + padding + inside.getBoundingClientRect().height);
}

/** Call `tell(height)` now and whenever it has changed; gives a function to stop. */
export function watchHeight(tell) {
  let last = 0;
  let frame = 0;
  const look = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      const height = wanted();
      if (Math.abs(height - last) < LEAST) return;
      last = height;
      tell(height);
    });
  };
  const options = { subtree: true, childList: true, characterData: true, attributes: true };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { ...options, attributeFilter: ["hidden", "open", "class"] });
  addEventListener("resize", look);
  look();
  return () => {
    observer.disconnect();
    removeEventListener("resize", look);
    cancelAnimationFrame(frame);
  };
}

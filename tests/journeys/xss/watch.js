// Runs before any script of a page: whatever a payload calls is told to the test.
(() => {
  const tell = (what) => window.tellTest(String(what));
  const canary = (n) => tell(`canary ${n}`);
  Object.defineProperty(window, "canary", { value: canary, writable: false });
  for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
    Object.defineProperty(window, name, { value: () => tell(name), writable: false });
  }
  document.addEventListener("securitypolicyviolation", (event) => {
    tell(`refused ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
  });
})();

"""A browser that notes whatever a payload manages to do."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Request, Route

FOLDER = Path(__file__).parent
INSPECT = (FOLDER / "inspect.js").read_text(encoding="utf-8")


class Visitor:
    """Opens pages of one server. `found` is what went wrong, and where."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.found: list[str] = []
        self.pages = 0
        self.shown = 0  # pages on which the text of a payload stands
        context.expose_binding("tellTest", lambda source, what: self._note(what))
        context.add_init_script(path=FOLDER / "watch.js")
        context.route("**/*", self._pass_own)
        self.page: Page = context.new_page()
        self.page.on("dialog", lambda dialog: (self._note("dialog"), dialog.dismiss()))
        self.page.on("pageerror", lambda error: self._note(f"error {error}"))
        self.page.on("popup", lambda popup: self._note("popup"))

    def open(self, path: str) -> str:
        """Open a page, look at it, and give its text."""
        self.page.goto(self.url + path, wait_until="load")
        return self.look()

    def look(self) -> str:
        """Inspect the page as it stands."""
        self.pages += 1
        for complaint in self.page.evaluate(INSPECT):
            self._note(complaint)
        text = self.page.evaluate("document.documentElement.innerText")
        self.shown += "canary" in text or "1337" in text or "evil" in text
        return text

    def _note(self, what: str) -> None:
        self.found.append(f"{self.page.url[:200]}: {what}")

    def _pass_own(self, route: Route, request: Request) -> None:
        if request.url.startswith((f"{self.url}/", "data:", "blob:", "about:")):
            route.continue_()
            return
        self._note(f"asked for {request.url[:100]}")
        route.abort()

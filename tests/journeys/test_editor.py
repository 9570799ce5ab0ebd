"""Writing an article in a browser: by keyboard alone, and whatever happens meanwhile.

Kept is what was typed: in two tabs, without a line, with the server killed, with the clock put
back, and when somebody else saves. What is hostile in it stays text.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kb.config import Settings
from tests.journeys.axe import violations
from tests.journeys.conftest import POTICA, Server, _wait
from tests.journeys.signed_in import PASSWORD, Person, enter, invite
from tests.journeys.watched import cut_off, watched_page
from tests.kb.images.pictures import picture
from tests.site import ROOT, copy_home

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
STYLES = """(place) => [...place.querySelectorAll("article, article *")].map((one) => {
  const style = getComputedStyle(one);
  const names = ["font-family", "font-size", "font-weight", "font-style", "line-height", "color",
    "margin-top", "margin-bottom", "padding-left", "list-style-type", "text-align",
    "background-color", "border-bottom-width", "letter-spacing"];
  return [one.tagName, ...names.map((name) => style.getPropertyValue(name))].join("|");
})"""


@dataclass
class Desk:
    """A server that can be killed and started again on the same port and home."""

    home: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "POTICA_HOME": str(self.home),
            "POTICA_PORT": str(self.port),
            "POTICA_PUBLIC_URL": self.url,
            "POTICA_OPEN_ACCESS": "false",
            "POTICA_RATE_LIMITS": "false",
            "PYTHONPATH": str(ROOT),
        }
        return os.environ | own

    def start(self) -> None:
        log = self.home / "serve.log"
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [*POTICA, "serve"], env=self.environment, cwd=self.home, stdout=out, stderr=out
            )
        _wait(self.process, self.url, log)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)

    def person(self, browser: Browser, name: str, role: str) -> BrowserContext:
        """The browser of somebody who signed in by the link that the command prints."""
        assert self.process is not None
        server = Server(self.url, self.process.pid, self.environment)
        link = invite(server, Person(role, name, email=f"{name.lower()}@lipa.example"))
        context = browser.new_context(base_url=self.url, locale="en-GB")
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=self.url)
        enter(context, link)
        return context


@pytest.fixture(scope="module")
def desk(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = tmp_path_factory.mktemp("editor") / "home"
    copy_home(filled, home)
    with _free_port() as port:
        found = Desk(home, port)
    found.start()
    yield found
    assert found.process is not None
    found.process.terminate()
    found.process.wait(timeout=60)


@contextmanager
def _free_port() -> Iterator[int]:

    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        yield own.getsockname()[1]


@pytest.fixture(scope="module")
def ana(browser: Browser, desk: Desk) -> Iterator[BrowserContext]:
    """A publisher."""
    context = desk.person(browser, "Ana", "publisher")
    yield context
    context.close()


@pytest.fixture(scope="module")
def boris(browser: Browser, desk: Desk) -> Iterator[BrowserContext]:
    """A colleague who writes, and may not publish."""
    context = desk.person(browser, "Boris", "contributor")
    yield context
    context.close()


@contextmanager
def tab(context: BrowserContext, *, offline: bool = False) -> Iterator[Page]:
    """A tab in which a script that fails fails the test; `offline`: refused requests are meant."""
    line = ("ERR_", "status of 4", "status of 5")
    with watched_page(context, line if offline else ()) as page:
        yield page


def to(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#writer[data-ready]").wait_for()


def made(
    context: BrowserContext, key: str, body: str = "One.\n\nTwo.\n\nThree.", **more: Any
) -> str:
    """An article, through the API; gives the address of its text."""
    text = {"language": "en", "title": f"About {key}", "body": body}
    given = {"id": key, "original_language": "en", "audience": "public", "translations": [text]}
    answer = call(context, "POST", "/api/v1/articles", given | more)
    assert answer.status == 201, answer.text()
    return f"/editor/articles/{key}/en"


def call(context: BrowserContext, method: str, path: str, given: Any = None) -> Any:
    csrf = context.request.get("/api/v1/session").json()["csrf"]
    headers = {"x-csrf-token": csrf}
    return context.request.fetch(path, method=method, data=given, headers=headers)


def kept(page: Page, words: str = "Kept") -> None:
    expect(page.locator("#kept-word")).to_contain_text(words, timeout=20_000)


def latest(context: BrowserContext, key: str) -> dict[str, Any]:
    found: dict[str, Any] = context.request.get(f"/api/v1/articles/{key}?view=latest").json()
    return found


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.parametrize("ui", ["en", "sl"])
def test_an_article_by_keyboard_alone(ana: BrowserContext, ui: str) -> None:
    """Title, marks, a link found by its title, details, saved, published, found by readers."""
    with tab(ana) as page:
        to(page, f"/editor/articles/new?ui={ui}&lang=en")
        expect(page.locator("#title")).to_be_focused()
        page.keyboard.type(f"The door code is wrong {ui}")
        press(page, "Enter")
        expect(page.locator("#body")).to_be_focused()
        page.keyboard.type("Look at the ")
        press(page, "Control+b")
        page.keyboard.type("last message")
        press(page, "ArrowRight", "ArrowRight")
        page.keyboard.type(" again.\n\n")
        page.keyboard.type("Solution")
        press(page, "Control+Alt+2", "End")
        page.keyboard.type("\n\n- Open it\nRing the bell\n\nSee ")
        press(page, "Control+k")
        expect(page.locator("#link-search")).to_be_focused()
        page.keyboard.type("locker I chose")
        page.locator("#link-0").wait_for()
        press(page, "Enter")
        expect(page.locator("#body")).to_be_focused()
        body = page.locator("#body").input_value()
        assert "**last message** again." in body
        assert "## Solution" in body
        assert "- Open it\n- Ring the bell" in body
        assert body.endswith("See [The locker I chose was full](article:locker-full)")
        expect(page.locator("#preview article h2")).to_have_text("Solution")
        assert violations(page) == []
        press(page, "Control+s")
        page.wait_for_url(f"**/editor/articles/the-door-code-is-wrong-{ui}/en")
        page.locator("#writer[data-ready]").wait_for()
        expect(page.locator("#notices .notice--good")).to_have_count(1)  # saved as a draft
        page.locator("#body").focus()
        press(page, "Control+Enter")  # to the form of what comes next
        expect(page.locator("#note-publish")).to_be_focused()
        page.keyboard.type("ready")
        press(page, "Control+Enter")
        expect(page.locator("#life")).to_have_attribute("data-state", "published")
        expect(page.locator("#notices .notice--good")).to_have_count(0)  # it is no draft now
        assert violations(page) == []
        page.goto("/editor?ui=en")  # the choice is kept, and others look for English words
    found = latest(ana, f"the-door-code-is-wrong-{ui}")
    assert found["state"] == "published"
    assert found["translations"][0]["body"] == body


def test_what_a_button_did_is_undone_by_the_browser(ana: BrowserContext) -> None:
    with tab(ana) as page:
        to(page, made(ana, "undo-it", "Only words"))
        body = page.locator("#body")
        body.focus()
        press(page, "Control+a", "Control+b")
        assert body.input_value() == "**Only words**"
        page.get_by_role("button", name="Numbered steps").click()
        assert body.input_value() == "1. **Only words**"
        press(page, "Control+z", "Control+z")
        assert body.input_value() == "Only words"
        press(page, "?")
        assert body.input_value() != "Only words"
        press(page, "F1")
        expect(page.locator("#keys-sheet")).to_be_visible()
        assert violations(page) == []


def test_the_preview_looks_as_the_page_does(ana: BrowserContext) -> None:
    text = (
        "Words with **weight**, *stress* and `code`, a [link](article:locker-full).\n\n## Steps\n\n"
        "1. One\n2. Two\n\n- a\n- b\n\n| A | B |\n| --- | ---: |\n| c | d |\n\n> said\n\n"
        "### Three\n\n```\ncode\n```\n"
    )
    address = made(ana, "looks-same", text, state="published")
    with tab(ana) as page:
        to(page, address)
        page.locator("#preview article table").wait_for()
        inside = page.locator("#preview").evaluate(STYLES)
        html = page.locator("#preview article").evaluate("(one) => one.outerHTML")
        page.goto("/a/looks-same?lang=en")
        outside = page.locator("main").evaluate(STYLES)
        published = page.locator("main article").evaluate("(one) => one.outerHTML")
    assert inside == outside
    assert html.replace(' target="_blank"', "").replace(' rel="nofollow noopener"', "") == (
        published.replace(' rel="nofollow noopener"', "")
    )


def test_two_tabs_lose_nothing(ana: BrowserContext) -> None:
    address = made(ana, "two-tabs")
    with tab(ana, offline=True) as first, tab(ana, offline=True) as second:
        to(first, address)
        to(second, address)
        first.locator("#body").fill("First tab.\n\nTwo.\n\nThree.")
        kept(first)
        second.locator("#body").fill("Second tab.\n\nTwo.\n\nThe end.")
        sheet = second.locator("#compare-sheet")
        sheet.wait_for()
        assert violations(second) == []
        expect(second.locator("#compare-theirs")).to_contain_text("First tab.")
        second.get_by_role("button", name="Use this text").click()
        kept(second)
        text = second.locator("#body").input_value()
        assert "First tab" in text
        assert "Second tab" in text
        assert text.endswith("The end.")


def test_somebody_saved_meanwhile(ana: BrowserContext, boris: BrowserContext) -> None:
    address = made(ana, "both-save")
    with tab(ana, offline=True) as page:
        to(page, address)
        page.locator("#body").fill("One.\n\nMine.\n\nThree.")
        kept(page)
        theirs = {"title": "About both-save", "body": "One.\n\nTwo.\n\nTheirs.", "base_number": 1}
        route = "/api/v1/articles/both-save/translations/en"
        assert (answer := call(boris, "PUT", route, theirs)).ok, answer.text()
        press(page, "Control+s")
        page.locator("#compare-sheet").wait_for()
        press(page, "Enter")
        kept(page, "Saved")
    assert latest(ana, "both-save")["translations"][0]["body"] == "One.\n\nMine.\n\nTheirs."


def test_without_a_line_and_back(ana: BrowserContext) -> None:
    address = made(ana, "no-line")
    with tab(ana, offline=True) as page:
        to(page, address)
        page.locator("#body").fill("Kept one.")
        kept(page)
        with cut_off(ana):
            page.locator("#body").press("End")
            page.keyboard.type(" And two")
            kept(page, "no line")
            page.keyboard.type(" and three.")
            kept(page, "no line")
        kept(page, "Kept ")
        expect(page.locator("#kept")).to_have_attribute("data-kind", "good", timeout=20_000)
        page.keyboard.type(" Lost")
        with cut_off(ana):
            page.keyboard.type(" never.")
            kept(page, "no line")
            page.close()
    with tab(ana, offline=True) as page:
        to(page, address)
        expect(page.locator("#body")).to_have_value("Kept one. And two and three. Lost never.")
        expect(page.locator("#kept")).to_have_attribute("data-kind", "good", timeout=20_000)
    edit = ana.request.get("/api/v1/edits/no-line/en").json()
    assert edit["body"].endswith("Lost never.")


def test_a_killed_server_takes_nothing_along(ana: BrowserContext, desk: Desk) -> None:
    with tab(ana, offline=True) as page:
        to(page, "/editor/articles/new?lang=en")
        page.locator("#title").fill("Begun before the fall")
        page.locator("#body").fill("Before. ")
        kept(page)
        desk.kill()
        page.locator("#body").press("End")
        page.keyboard.type("While it lay there.")
        kept(page, "no line")
        desk.start()
        expect(page.locator("#kept")).to_have_attribute("data-kind", "good", timeout=60_000)
        draft = page.url
        page.reload()
        page.locator("#writer[data-ready]").wait_for()
        assert "draft=" in draft
        expect(page.locator("#body")).to_have_value("Before. While it lay there.")
        press(page, "Control+s")
        page.wait_for_url("**/editor/articles/begun-before-the-fall/en")
    assert latest(ana, "begun-before-the-fall")["version"] == 1
    edits = ana.request.get("/api/v1/edits").json()["edits"]
    assert not [one for one in edits if one["title"] == "Begun before the fall"]


def test_a_clock_that_jumps_neither_loses_nor_reorders(ana: BrowserContext) -> None:
    address = made(ana, "clock")
    with tab(ana) as page:
        page.clock.install()
        page.goto(address)
        page.clock.run_for(1_000)
        page.locator("#writer[data-ready]").wait_for()
        said = ""
        for moment in ("2031-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "2026-06-01T00:00:00Z"):
            page.clock.set_system_time(moment)
            said += f"Typed at {moment}. "
            page.locator("#body").fill(said)
            page.clock.run_for(4_000)
            expect(page.locator("#kept")).to_have_attribute("data-kind", "good")
            assert ana.request.get("/api/v1/edits/clock/en").json()["body"] == said
    with tab(ana) as page:
        to(page, address)
        expect(page.locator("#body")).to_have_value(said)


def test_a_session_that_ends_is_gone_on_with(browser: Browser, desk: Desk) -> None:
    context = desk.person(browser, "Cene", "contributor")
    address = made(context, "session-ends")
    with tab(context, offline=True) as page:
        to(page, address)
        assert call(context, "DELETE", "/api/v1/session").ok
        page.locator("#body").fill("Typed by nobody.")
        expect(page.locator("#notices")).to_contain_text("Your session has ended", timeout=20_000)
        given = {"email": "cene@lipa.example", "password": PASSWORD}
        with tab(context) as other:
            other.goto("/sign-in?next=/editor")
            other.get_by_label("E-mail").fill(given["email"])
            other.get_by_label("Password").fill(PASSWORD)
            other.keyboard.press("Enter")
            other.wait_for_url(f"{desk.url}/editor")
        expect(page.locator("#kept")).to_have_attribute("data-kind", "good", timeout=30_000)
    assert context.request.get("/api/v1/edits/session-ends/en").json()["body"] == "Typed by nobody."
    context.close()


def test_a_megabyte_is_told_of_and_kept(ana: BrowserContext) -> None:
    address = made(ana, "megabyte")
    words = "Words and more words. " * 46_000
    assert len(words) > 1_000_000
    with tab(ana, offline=True) as page:
        to(page, address)
        page.locator("#body").focus()
        page.evaluate("(words) => navigator.clipboard.writeText(words)", words)
        press(page, "Control+a", "Control+v")
        expect(page.locator("#body-limit")).to_contain_text("at most 200,000 can be saved")
        kept(page, "Too long to send")
        page.keyboard.type("And on.")
        expect(page.locator("#body")).to_have_value(words + "And on.")
        page.wait_for_timeout(1_000)  # into the browser's database
    with tab(ana, offline=True) as page:
        to(page, address)
        expect(page.locator("#body")).to_have_value(words + "And on.", timeout=20_000)
        page.locator("#body").fill("Short again.")
        expect(page.locator("#kept")).to_have_attribute("data-kind", "good", timeout=20_000)


def test_pictures_are_pasted_and_chosen(ana: BrowserContext) -> None:
    with tab(ana) as page:
        to(page, made(ana, "pictured"))
        body = page.locator("#body")
        body.focus()
        press(page, "Control+End")
        page.locator("#image-file").set_input_files(
            {"name": "slip.png", "mimeType": "image/png", "buffer": picture(colour="#2a9")}
        )
        expect(body).to_have_value(_picture_at_the_end(), timeout=20_000)
        shown = page.locator("#preview img")
        shown.wait_for()
        assert shown.evaluate("(one) => one.decode().then(() => one.naturalWidth)") == 40
        page.locator("#image-file").set_input_files(
            {"name": "x.svg", "mimeType": "image/svg+xml", "buffer": b"<svg onload='alert(1)'/>"}
        )
        expect(page.locator("#notices")).to_contain_text("x.svg is no picture")


def _picture_at_the_end() -> Any:

    return re.compile(r"Three\.\n\n!\[what the picture shows\]\(/images/[0-9a-f]{32}\.png\)$")


def test_a_check_leads_to_its_place(ana: BrowserContext) -> None:
    text = "🙂 Some words first.\n\nWrite to ana.kos@example.com about it.\n"
    with tab(ana) as page:
        to(page, made(ana, "checked", text))
        page.locator('[data-check="personal"]').click()
        chosen = page.evaluate("getSelection().toString()")
        assert chosen == "ana.kos@example.com"


def test_a_second_person_approves(ana: BrowserContext, boris: BrowserContext) -> None:
    address = made(boris, "two-persons", governance="compliance")
    with tab(boris) as page:
        to(page, address)
        expect(page.locator("#life")).to_contain_text("needs a second person")
        page.locator("#body").focus()
        press(page, "Control+Enter")
        expect(page.locator("#asked-of")).to_be_focused()
        expect(page.locator("#asked-of option")).to_have_count(2)
        page.locator("#asked-of").select_option(label="Ana")
        press(page, "Control+Enter")
        expect(page.locator("#life")).to_contain_text("Boris asked Ana for a review")
    with tab(ana) as page:
        to(page, address)
        press(page, "Control+Enter")
        expect(page.locator("#act-approve")).to_have_attribute("open", "")
        press(page, "Control+Enter")
        expect(page.locator("#life")).to_have_attribute("data-state", "published")
    assert latest(ana, "two-persons")["trust"] == "validated"


def test_two_change_the_details(ana: BrowserContext, boris: BrowserContext) -> None:
    address = made(ana, "details", tags=["old"])
    with tab(ana, offline=True) as page:
        to(page, address)
        changes = {"tags": ["theirs"], "facets": {"country": ["PL"]}}
        assert call(boris, "PATCH", "/api/v1/articles/details", changes).ok
        page.locator("#add-tags").fill("mine")
        press(page, "Enter", "Control+s")
        page.locator("#fields-sheet").wait_for()
        assert violations(page) == []
        press(page, "Enter")
        kept(page, "Saved")
    found = latest(ana, "details")
    assert (found["tags"], found["facets"]) == (["old", "mine"], {"country": ["PL"]})


def test_what_is_hostile_stays_text(ana: BrowserContext) -> None:
    with tab(ana) as page:
        to(page, made(ana, "hostile", HOSTILE))
        page.locator("#title").fill(HOSTILE)
        page.locator("#add-tags").fill(HOSTILE)
        press(page, "Enter")
        page.locator("#preview article").wait_for()
        kept(page)
        press(page, "Control+s")
        kept(page, "Saved")
        page.reload()
        page.locator("#writer[data-ready]").wait_for()
        page.locator("#body").focus()
        press(page, "Control+k")
        page.keyboard.type("onerror")
        page.wait_for_timeout(500)
        assert page.title() != "owned"
        assert page.locator("img[src='x'], article script").count() == 0


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_it_fits_in_light_and_dark(ana: BrowserContext, width: int) -> None:
    with tab(ana) as page:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            to(page, "/editor/articles/locker-full/en")
            for pane in ("write", "preview", "details", "checks", "life"):
                button = page.locator(f'#panes [data-show="{pane}"]')
                if button.is_visible():
                    button.click()
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), pane
            assert violations(page) == []

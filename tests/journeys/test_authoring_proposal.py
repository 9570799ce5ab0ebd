"""A translation that a machine proposes: offered, marked, and read by somebody before readers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kb.config import Settings
from tests.journeys.authoring import call, look, person, press, written
from tests.journeys.conftest import Server
from tests.journeys.desk import page_of
from tests.journeys.xss.model import Model, speaking
from tests.served import serving
from tests.site import ROOT, copy_home

pytestmark = pytest.mark.browser

KEY = "proposed-violin"
PAGE = f"/editor/articles/{KEY}"


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    pytest.importorskip("llama_index.llms.openai_like")
    with speaking() as found:
        yield found


@pytest.fixture(scope="module")
def server(
    filled: Settings, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that may ask the model."""
    home: Path = copy_home(filled, tmp_path_factory.mktemp("proposal") / "home").home
    given = {"generator_url": model.url, "generator_timeout": "10", "open_access": "false"}
    with serving(home, **given) as served:
        own = {"POTICA_HOME": str(home), "POTICA_PUBLIC_URL": served.url, "PYTHONPATH": str(ROOT)}
        yield Server(served.url, served.pid, os.environ | own)


@pytest.fixture(scope="module")
def publisher(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    context = person(browser, server, "publisher", "Jan Novotný", "cs")
    yield context
    context.close()


def test_a_proposal_is_offered_marked_and_reviewed(
    publisher: BrowserContext, server: Server, model: Model
) -> None:
    with page_of(publisher, refused=True) as page:
        _article(page)
        model.translated = None
        written(page, f"{PAGE}/sl")
        press(page, "#propose button")
        expect(page.locator("#notices .notice--bad")).to_contain_text("Stroj žádný překlad nedal")
        expect(page.locator("#propose button")).to_be_enabled()

        model.translated = "SL "
        _proposed(page)
        _refused_to_readers(page, server)
        _confirmed(page)
        written(page, f"{PAGE}/sl")
        expect(page.locator("#life [data-machine]")).to_have_count(0)
        page.locator("#body").focus()
        page.keyboard.press("Control+Enter")
        expect(page.locator("#act-publish")).to_have_attribute("open", "")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#life")).to_contain_text("Čtenáři mají tento text.")
    assert "SL Tune it" in _read(server)


def _article(page: Page) -> None:
    page.goto("/account")
    text = {"language": "en", "title": "A violin", "body": "Tune it.\n\n- Low\n- High"}
    given = {"original_language": "en", "audience": "public", "state": "published"}
    call(page, "PUT", f"/api/v1/articles/{KEY}", given | {"translations": [text]})
    page.goto(f"{PAGE}/en")
    expect(page.locator("#propose")).to_have_count(0)  # the original is nobody's translation


def _read(server: Server) -> str:
    return httpx.get(f"{server.url}/a/{KEY}?lang=sl", timeout=30).text


def _proposed(page: Page) -> None:
    """Asked for by keyboard; it is on the screen, and said to be a machine's."""
    written(page, f"{PAGE}/sl")
    look(page, "cs", "offered")
    with page.expect_navigation():
        press(page, "#propose button")
    page.locator("#writer[data-ready]").wait_for()
    expect(page.locator("#by-machine")).to_be_visible()
    expect(page.locator("#propose")).to_have_count(0)
    assert page.locator("#title").input_value() == "SL A violin"
    assert page.locator("#body").input_value().startswith("SL Tune it.")
    look(page, "cs", "proposed")
    page.goto("/editor")
    expect(page.locator(".line", has_text="SL A violin")).to_contain_text("Strojový návrh")


def _refused_to_readers(page: Page, server: Server) -> None:
    """Saved, it is still marked, and cannot be published."""
    written(page, f"{PAGE}/sl")
    page.locator("#body").focus()
    page.keyboard.press("Control+s")
    expect(page.locator("#life [data-machine]")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#act-publish")).to_have_attribute("open", "")
    page.keyboard.press("Control+Enter")
    trouble = page.locator("#act-publish .act__error")
    expect(trouble).to_contain_text("Tento text navrhl stroj")
    look(page, "cs", "refused")
    assert "SL Tune it" not in _read(server)
    page.goto("/editor/board?status=unchecked")
    expect(page.locator(f'a[href^="{PAGE}/sl"]')).to_be_visible()
    look(page, "cs", "board")


def _confirmed(page: Page) -> None:
    """Read beside the original, and confirmed."""
    page.goto(f"{PAGE}/sl/source")
    expect(page.locator(".past__pair .pill--warn")).to_be_visible()
    look(page, "cs", "beside the original")
    press(page, "[data-open=confirm]")
    page.keyboard.type("Čteno")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".past__pair .pill--good")).to_be_visible()

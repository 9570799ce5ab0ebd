"""A picture of an article for agents alone shows in the sidebar on another site."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from kb.actions.keys import KeyInput, create_key
from kb.config import Settings
from kb.domain import EVERYTHING
from tests.api.calls import article
from tests.hosts.installation import OWNER, Installation, installation
from tests.journeys.axe import violations
from tests.journeys.test_hosts import sidebar_of
from tests.kb.images.pictures import picture

pytestmark = pytest.mark.browser

WORDS = "Rumeni kombi za selitve pokličite tri dni prej."
ASKED = "Kako naročim rumeni kombi za selitev?"


@pytest.fixture
def embedded(filled: Settings, tmp_path: Path) -> Iterator[Installation]:
    """A server of its own: what is written and said here would change what others find."""
    with installation(filled, tmp_path / "home") as found:
        yield found


def _written(embedded: Installation) -> str:
    """An internal article with a picture; gives the picture's address."""
    with embedded.sessions.begin() as session:
        key = create_key(session, KeyInput("Editor", EVERYTHING), OWNER)
    headers = {"authorization": f"Bearer {key.token}"}
    with httpx.Client(base_url=embedded.url, timeout=60, headers=headers) as client:
        sent = client.post("/api/v1/images", content=picture(colour="#e0b000"),
                           headers={"content-type": "image/png"})  # fmt: skip
        address: str = sent.json()["address"]
        text = f"{WORDS}\n\n![Rumeni kombi]({address})\n"
        given = article("", audience="internal", original_language="sl") | {
            "translations": [{"language": "sl", "title": "Rumeni kombi za selitev", "body": text}]
        }
        assert client.put("/api/v1/articles/yellow-van", json=given).json()["indexed"]
    assert httpx.get(embedded.url + address).status_code == 404
    return address


def test_a_picture_comes_with_the_token(browser: Browser, embedded: Installation) -> None:
    address = _written(embedded)
    context = browser.new_context(base_url=embedded.desks.desk, locale="sl-SI")
    complaints: list[str] = []
    context.on(
        "console", lambda said: complaints.append(said.text) if said.type == "error" else None
    )
    page = context.new_page()
    page.goto("/plain.html")
    sidebar = sidebar_of(page, embedded)
    expect(sidebar.locator("#articles .card").first).to_be_visible(timeout=20_000)
    page.evaluate("text => say(text)", ASKED)
    sidebar.wait_for_function(
        """title => {
          const fresh = document.getElementById("fresh");
          if (fresh && !fresh.hidden) fresh.querySelector("button")?.click() ?? fresh.click();
          return document.querySelector("#articles .card")?.textContent.includes(title);
        }""",
        arg="Rumeni kombi",
        timeout=20_000,
    )
    with page.expect_response(f"**{address}") as asked:
        sidebar.locator("#articles .card [data-do=read]").first.click()
    assert asked.value.status == 200
    assert "cookie" not in asked.value.request.all_headers()
    shown = sidebar.get_by_role("img", name="Rumeni kombi")
    expect(shown).to_be_visible()
    assert shown.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 40
    assert violations(sidebar) == []
    context.close()
    assert complaints == []

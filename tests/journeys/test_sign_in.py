"""From the invitation to signing out, in a browser; sizes and colours of these pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.conftest import Server
from tests.journeys.signed_in import PASSWORD, Person, choose_password, invite

pytestmark = pytest.mark.browser

QUESTION = "PIN-a za paketnik nisem dobil"
EMAIL = "zala@lipa.example"


@pytest.fixture(scope="module")
def invitation(closed_server: Server) -> str:
    """The link that the command prints."""
    return invite(closed_server, Person("agent", "Zala Kovač", "sl", EMAIL))


@pytest.fixture
def desk(browser: Browser, closed_server: Server) -> Iterator[BrowserContext]:
    """A browser of one's own, Slovenian, without a script that fails."""
    context = browser.new_context(base_url=closed_server.url, locale="sl-SI")
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context
    context.close()
    assert complaints == []


def _sign_in(page: Page, address: str = "/sign-in") -> None:
    page.goto(address)
    page.get_by_label("E-pošta").fill(EMAIL)
    page.get_by_label("Geslo").fill(PASSWORD)
    page.get_by_role("button", name="Prijava").click()


def test_from_the_invitation_to_signing_out(
    browser: Browser, desk: BrowserContext, closed_server: Server, invitation: str
) -> None:
    page = desk.new_page()
    page.goto("/try")
    expect(page.get_by_role("radio", name="Svetovalec")).to_have_count(0)
    expect(page.get_by_role("link", name="Prijavite se kot svetovalec")).to_be_visible()

    page.goto(invitation)
    expect(page.get_by_text("Pozdravljeni, Zala Kovač.")).to_be_visible()
    expect(page.get_by_label("E-pošta")).to_have_value(EMAIL)
    page.get_by_label("Novo geslo").fill("geslogeslo12")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("uporablja veliko ljudi")
    page.get_by_label("Novo geslo").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/try")
    expect(page.locator(".who__name")).to_have_text("Zala Kovač")
    expect(page.get_by_role("radio", name="Svetovalec")).to_be_checked()
    page.get_by_role("textbox").fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Kaj so v takih primerih")).to_be_visible()
    with page.expect_response("**/feedback") as answer:  # a write, with the token
        page.locator(".answer").first.get_by_role("button", name="Uporabljeno").click()
    assert answer.value.status == 201

    phone = browser.new_context(base_url=closed_server.url, locale="sl-SI")
    elsewhere = phone.new_page()
    _sign_in(elsewhere, "/account")
    elsewhere.wait_for_url("**/account")
    expect(elsewhere.locator(".sessions__one")).to_have_count(2)

    page.locator(".who summary").click()
    page.get_by_role("link", name="Račun", exact=True).click()
    there = page.locator(".sessions__one").filter(has=page.get_by_role("button"))
    expect(there).to_have_count(1)
    expect(there).to_contain_text("Chrome, Linux")
    there.get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("Tam je odjavljeno.")
    expect(page.locator(".sessions__one")).to_have_count(1)
    elsewhere.reload()
    elsewhere.wait_for_url("**/sign-in?next=%2Faccount")
    phone.close()

    page.locator(".who summary").click()
    page.get_by_role("button", name="Odjava").click()
    expect(page.get_by_text("Odjavljeni ste.")).to_be_visible()
    page.goto("/c/sl-0001")
    page.wait_for_url("**/sign-in?next=%2Fc%2Fsl-0001")
    _sign_in(page, page.url)
    page.wait_for_url("**/c/sl-0001")
    page.goto(invitation)
    expect(page.get_by_role("heading", name="Ta povezava ne deluje več")).to_be_visible()


def test_all_of_it_without_javascript(
    browser: Browser, closed_server: Server, invitation: str
) -> None:
    del invitation  # the account is there
    link = closed_server.potica("users", "reset", EMAIL)
    context = browser.new_context(
        base_url=closed_server.url, locale="sl-SI", java_script_enabled=False
    )
    page = context.new_page()
    page.goto(link)
    page.get_by_label("Novo geslo").fill(PASSWORD)
    page.get_by_role("button").last.click()
    page.wait_for_url("**/try" if "/invitation/" in link else "**/sign-in?done=password")
    if "/reset/" in link:
        _sign_in(page)
        page.wait_for_url("**/try")
    page.locator(".who summary").click()
    page.get_by_role("link", name="Račun", exact=True).click()
    page.get_by_label("Ime").fill("Zala Novak")
    page.get_by_role("button", name="Shrani").click()
    expect(page.locator(".who__name")).to_have_text("Zala Novak")
    page.get_by_label("Staro geslo").fill("not this one")
    page.get_by_label("Novo geslo").fill(PASSWORD + " too")
    page.get_by_role("button", name="Spremeni geslo").click()
    expect(page.get_by_role("alert")).to_have_text("Staro geslo ni pravo.")
    page.locator(".who summary").click()
    page.get_by_role("button", name="Odjava").click()
    expect(page.get_by_role("link", name="Prijava")).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_and_colours_can_be_read(
    browser: Browser, closed_server: Server, width: int, scheme: str
) -> None:
    email = f"wide-{width}-{scheme}@a-company-with-a-long-name.lipa.example"
    name = "Maksimilijana Wolfeschlegelsteinhausenbergerdorff"
    link = invite(closed_server, Person("domain_expert", name, "hu", email))
    context = browser.new_context(
        base_url=closed_server.url,
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]  # one of the two it knows
    )
    page = context.new_page()
    script = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")

    def check(address: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
        assert page.evaluate(script) == [], address

    for address in ("/sign-in?ui=hu", "/sign-in?done=out", "/reset", "/reset?done=1",
                    f"/reset/{'x' * 43}", link, "/try"):  # fmt: skip
        page.goto(address)
        check(address)
    choose_password(page, link)
    page.goto("/account?done=about")
    page.locator(".who summary").click()
    box = page.locator(".who__list").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    check("/account")
    context.close()

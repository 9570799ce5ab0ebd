"""An administrator lets people and programs in and out; sizes, colours and labels of the pages."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.conftest import Server
from tests.journeys.signed_in import PASSWORD, Person, enter, invite
from tests.journeys.watched import watched_page

pytestmark = pytest.mark.browser

ADMIN = "office@lipa.example"
PAGES = (
    "/people",
    "/people?q=nobody-of-this-name",
    "/people/new",
    "/people/roles",
    "/people/roles/manager",
    "/people/keys",
    "/people/sessions",
    "/people/audit",
    "/people/privacy",
    "/people/privacy/erase",
)


@pytest.fixture(scope="module")
def office_state(browser: Browser, closed_server: Server) -> Iterator[BrowserContext]:
    """The browser of an administrator who came by the link that the command prints."""
    context = _browser_of(browser, closed_server)
    person = Person("administrator", "Meta Oblak", email=ADMIN)
    enter(context, invite(closed_server, person))
    yield context
    context.close()


@pytest.fixture
def office(office_state: BrowserContext) -> Iterator[Page]:
    """A page of the administrator's browser; a script that fails fails the test."""
    with watched_page(office_state) as page:
        yield page


def _browser_of(browser: Browser, server: Server, **options: object) -> BrowserContext:
    context = browser.new_context(base_url=server.url, locale="en-GB", **options)  # type: ignore[arg-type]
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    return context


def _cell(page: Page, label: str) -> str:
    return page.locator(f'tbody td[data-label="{label}"]').first.inner_text().strip()


def test_from_the_invitation_to_being_shut_out(
    browser: Browser, closed_server: Server, office: Page
) -> None:
    email = f"tina-{secrets.token_hex(4)}@lipa.example"
    office.goto("/people")
    office.get_by_role("link", name="Invite somebody").click()
    office.get_by_label("E-mail").fill(email)
    office.get_by_label("Name", exact=True).fill("Tina Hribar")
    expect(office.get_by_role("checkbox", name="Agent", exact=True)).to_be_checked()
    office.get_by_role("button", name="Invite", exact=True).click()
    expect(office.get_by_role("heading", level=1)).to_have_text("Invitation for Tina Hribar")
    office.get_by_role("button", name="Copy").click()
    expect(office.get_by_role("button", name="Copied")).to_be_visible()
    link = office.evaluate("navigator.clipboard.readText()")
    assert link == office.get_by_role("textbox", name="Link").input_value()

    desk = _browser_of(browser, closed_server)
    agent = desk.new_page()
    agent.goto(link)
    agent.get_by_label("New password").fill(PASSWORD)
    agent.keyboard.press("Enter")
    agent.wait_for_url("**/try")
    expect(agent.get_by_role("navigation", name="Main").get_by_role("link")).to_have_count(4)
    refused = agent.goto("/people")
    assert refused is not None
    assert refused.status == 403
    expect(agent.get_by_text("Your roles do not allow this")).to_be_visible()

    office.goto(f"/people?q={email}")
    office.get_by_role("link", name="Tina Hribar").click()
    office.get_by_role("checkbox", name="Manager", exact=True).check()
    office.get_by_role("button", name="Save").click()
    expect(office.get_by_role("status")).to_have_text("Saved.")
    agent.goto("/try")  # the very next click
    agent.get_by_role("link", name="People", exact=True).click()
    expect(agent.get_by_role("heading", level=1)).to_have_text("Audit")
    expect(agent.get_by_role("navigation", name="People and access").get_by_role("link")
           ).to_have_count(1)  # fmt: skip

    office.goto(f"/people/sessions?q={email}")
    expect(office.locator("tbody tr")).to_have_count(1)
    office.get_by_role("button", name=re.compile("^Sign out there: Tina Hribar")).click()
    expect(office.get_by_role("status")).to_have_text("Signed out there.")
    agent.goto("/account")
    agent.wait_for_url("**/sign-in?next=*")

    office.goto(f"/people?q={email}")
    office.get_by_role("link", name="Tina Hribar").click()
    office.get_by_text("Disable the account").click()
    office.get_by_role("button", name="Yes, disable").click()
    expect(office.get_by_role("status")).to_contain_text("is disabled")
    agent.get_by_label("E-mail").fill(email)
    agent.get_by_label("Password").fill(PASSWORD)
    agent.get_by_role("button", name="Sign in").click()
    expect(agent.get_by_role("alert")).to_contain_text("not right")
    desk.close()

    office.get_by_role("link", name="What was done to this account").click()
    done = office.locator('tbody td[data-label="Did what"]').all_inner_texts()
    assert done == ["disabled", "changed the roles", "accepted the invitation", "invited"]
    who = office.locator('tbody td[data-label="Who"]').all_inner_texts()
    assert who == ["Meta Oblak", "Meta Oblak", "Tina Hribar", "Meta Oblak"]
    office.get_by_role("button", name="Verify the chain").click()
    expect(office.get_by_role("status")).to_contain_text("The chain is whole")


def test_a_key_is_made_used_and_revoked_by_keyboard_alone(
    closed_server: Server, office: Page
) -> None:
    name = f"Helpdesk {secrets.token_hex(4)}"
    office.goto("/people/keys")
    _tab_to(office, "#name")
    office.keyboard.type(name)
    _tab_to(office, "#p-suggestions\\.ask")
    office.keyboard.press("Space")
    _tab_to(office, "form[aria-labelledby=new-head] button")
    office.keyboard.press("Enter")
    expect(office.get_by_role("heading", name=f"The key for {name}")).to_be_visible()
    expect(office.get_by_label("API key", exact=True)).to_be_focused()
    assert office.evaluate("getSelection().toString()").startswith("potica_")
    _tab_to(office, "[data-copy=token]")
    office.keyboard.press("Enter")
    expect(office.get_by_role("button", name="Copied")).to_be_visible()
    token = office.evaluate("navigator.clipboard.readText()")
    bearer = {"authorization": f"Bearer {token}"}
    asked = {"messages": [{"role": "customer", "text": "the locker is full"}]}
    address = f"{closed_server.url}/api/v1/suggest"
    assert httpx.post(address, json=asked, headers=bearer, timeout=60).status_code == 200

    office.goto("/people/keys")
    assert _cell(office, "Last used") != "never"
    _tab_to(office, "tbody .sure summary")
    outline = office.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    office.keyboard.press("Enter")
    office.keyboard.press("Tab")
    office.keyboard.press("Enter")
    expect(office.get_by_role("status")).to_contain_text("The key is revoked")
    assert _cell(office, "State") == "Revoked"
    assert httpx.post(address, json=asked, headers=bearer, timeout=60).status_code == 401

    office.goto(f"/people/audit?entity=key&who={ADMIN}")
    done = office.locator('tbody td[data-label="Did what"]').all_inner_texts()
    assert done[:2] == ["revoked", "created"]
    assert name in _cell(office, "To what")
    office.locator("tbody .few summary").first.click()
    expect(office.locator("tbody .few dd").nth(0)).to_contain_text("usr_")


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until the control has the focus, as one does who has no mouse."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement?.matches(wanted)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached by keyboard")


def test_a_role_of_ones_own_without_javascript(
    browser: Browser, closed_server: Server, office_state: BrowserContext
) -> None:
    name = f"shift_{secrets.token_hex(3)}"
    plain = browser.new_context(
        base_url=closed_server.url,
        locale="en-GB",
        java_script_enabled=False,
        storage_state=office_state.storage_state(),
    )
    page = plain.new_page()
    page.goto("/people/roles")
    page.get_by_label("Name of the role").fill(name)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    raw = page.get_by_role("checkbox", name=re.compile("^Read cases with all personal data"))
    expect(raw).not_to_be_checked()
    expect(raw).to_have_accessible_description(re.compile("Opens raw personal data"))
    raw.check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    expect(raw).to_be_checked()
    page.get_by_text("Delete the role").click()
    page.get_by_role("button", name="Yes, delete").click()
    expect(page.get_by_role("status")).to_have_text("The role is deleted.")
    expect(page.get_by_role("link", name=name)).to_have_count(0)
    page.goto("/people/keys")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    plain.close()


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_and_colours_can_be_read(
    browser: Browser,
    closed_server: Server,
    office_state: BrowserContext,
    width: int,
    scheme: str,
) -> None:
    context = _browser_of(
        browser,
        closed_server,
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        storage_state=office_state.storage_state(),
    )
    page = context.new_page()
    script = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
    page.goto("/people")
    person = page.locator("tbody th a").first.get_attribute("href")
    for language in ("hu", "sl"):  # the longest words, and the most forms
        for address in (*PAGES, person):
            page.goto(f"{address}{'&' if '?' in str(address) else '?'}ui={language}")
            opened = "document.querySelectorAll('main details').forEach((d) => { d.open = true })"
            page.evaluate(opened)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, (address, language)
            assert page.evaluate(script) == [], (address, language)
            unnamed = page.locator(
                "main :is(input, select, textarea):not([type=hidden])"
            ).evaluate_all(
                "(fields) => fields.filter((f) => !f.labels.length).map((f) => f.outerHTML)"
            )
            assert unnamed == []
    context.close()

"""People who come by the link that the command prints, each in a browser of their own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Page

from tests.journeys.conftest import Server

PASSWORD = "river maple copper plum"


@dataclass(frozen=True)
class Person:
    """Whom the command adds. Without an e-mail of their own, one that nobody had before."""

    role: str
    name: str
    language: str = "en"
    email: str = ""


def signed_in(
    browser: Browser, server: Server, person: Person, **options: object
) -> BrowserContext:
    """A browser in which that person is signed in, in their language; `options` as Playwright's."""
    context = browser.new_context(
        base_url=server.url,
        locale=person.language,
        reduced_motion="reduce",
        **options,  # type: ignore[arg-type]
    )
    enter(context, invite(server, person))
    return context


def invite(server: Server, person: Person) -> str:
    """The link by which that person, added just now, chooses a password."""
    email = person.email or f"{person.role}-{secrets.token_hex(4)}@lipa.example"
    given = ("--name", person.name, "--role", person.role, "--language", person.language)
    return server.potica("users", "add", email, *given)


def enter(context: BrowserContext, link: str) -> None:
    """Choose the password in that browser, which is signed in from then on."""
    page = context.new_page()
    choose_password(page, link)
    page.close()


def choose_password(page: Page, link: str) -> None:
    """By keyboard; leaves the page where somebody who signed in begins."""
    page.goto(link)
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/try")

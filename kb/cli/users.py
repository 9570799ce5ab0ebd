"""`potica users`: accounts of people, from the machine the installation runs on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy.orm import Session

from kb.cli.terminal import configured, opened, spoken, table_console, told
from kb.config import Settings
from kb.errors import NotFound

if TYPE_CHECKING:
    from kb.actions.links import IssuedLink
    from kb.queries.users import UserView

ACTOR = "cli"
app = typer.Typer(no_args_is_help=True, help="Accounts of people.")
Email = Annotated[str, typer.Argument(help="The e-mail of the account")]
Roles = Annotated[
    list[str],
    typer.Option(
        "--role",
        help="customer, agent, contributor, domain_expert, publisher, manager, administrator;"
        " give it several times for several",
    ),
]


@app.command("add")
def add(
    email: Email,
    name: Annotated[str, typer.Option(help="The person's name")],
    role: Roles,
    language: Annotated[str | None, typer.Option(help="Of the pages, such as pl")] = None,
) -> None:
    """Invite a person: prints the link with which they choose a password, and mails it.

    The link works once, for 7 days. It is mailed where POTICA_SMTP_HOST is set.
    """
    from kb.actions.users import NewUser, invite_user

    settings = configured()
    with told(), opened(settings) as sessions, sessions.begin() as session:
        pages_in = spoken(language, settings) or settings.default_language
        person = NewUser(email, name, role, pages_in)
        link = invite_user(session, person, actor=ACTOR)
    _hand_over(settings, link)


@app.command("list")
def list_(
    text: Annotated[str, typer.Argument(help="Part of a name or an e-mail")] = "",
) -> None:
    """Everybody with their roles, or those whom a text fits."""
    from kb.queries.paging import MAX_LIMIT, Paging
    from kb.queries.users import list_users

    with told(), opened(configured(), read_only=True) as sessions, sessions() as session:
        page = list_users(session, text=text, paging=Paging(limit=MAX_LIMIT))
    table = Table("name", "e-mail", "state", "roles", "sees only", "signed in last")
    for user in page.items:
        table.add_row(
            escape(user.name),
            escape(user.email),
            str(user.state),
            ", ".join(user.roles),
            escape("; ".join(f"{name}={','.join(some)}" for name, some in user.scope.items())),
            f"{user.signed_in_at:%Y-%m-%d %H:%M} UTC" if user.signed_in_at else "never",
        )
    nobody = "Nobody fits." if text else "Nobody yet: potica users add EMAIL --name … --role …"
    table_console().print(table if page.items else nobody)
    if page.total > len(page.items):
        Console().print(f"The first {len(page.items)} of {page.total}: give part of a name.")


@app.command("reset")
def reset(email: Email) -> None:
    """A new link for a person: to a new password, or the invitation again.

    It works once, a new password for 30 minutes. What they had stays as it is until it is used.
    """
    from kb.actions.users import send_link_again

    settings = configured()
    with told(), _changing(settings, email) as (session, user):
        link = send_link_again(session, user.id, actor=ACTOR)
    _hand_over(settings, link)


@app.command("roles")
def roles(email: Email, role: Roles) -> None:
    """Set what a person may do, from their next click on. Replaces the roles they had."""
    from kb.actions.users import set_roles

    with told(), _changing(configured(), email) as (session, user):
        set_roles(session, user.id, role, actor=ACTOR)
    Console().print(f"{escape(user.email)} has now: {', '.join(sorted(set(role)))}.")


@app.command("disable")
def disable(email: Email) -> None:
    """Shut a person out at once, wherever they are signed in. Nothing of theirs is deleted."""
    from kb.actions.users import disable_user

    with told(), _changing(configured(), email) as (session, user):
        disable_user(session, user.id, actor=ACTOR)
    Console().print(f"{escape(user.email)} is disabled and signed out everywhere.")


@app.command("enable")
def enable(email: Email) -> None:
    """Let a person in again."""
    from kb.actions.users import enable_user

    with told(), _changing(configured(), email) as (session, user):
        enable_user(session, user.id, actor=ACTOR)
    Console().print(f"{escape(user.email)} is enabled.")


@contextmanager
def _changing(settings: Settings, email: str) -> Iterator[tuple[Session, UserView]]:
    """A transaction, and the person with this e-mail. Raises NotFound."""
    from kb.queries.users import find_user

    with opened(settings) as sessions, sessions.begin() as session:
        user = find_user(session, email)
        if user is None:
            raise NotFound("There is no account with this e-mail: see `potica users list`.")
        yield session, user


def _hand_over(settings: Settings, link: IssuedLink) -> None:
    """The link on standard output, alone, so that it can be piped; what became of it beside."""
    from api.auth.mail import address_of, deliver

    aside = Console(stderr=True, soft_wrap=True)
    if settings.smtp_host:
        mailed = deliver(settings, link)
        what = "Mailed" if mailed else "[yellow]The mail server did not take it[/]: hand it over"
    else:
        what = "No mail is set up (POTICA_SMTP_HOST): hand it over yourself"
    until = f"{link.expires_at:%Y-%m-%d %H:%M} UTC"
    aside.print(f"{what}. The link for {escape(link.email)} works once, until {until}:")
    typer.echo(address_of(settings, link))

"""`potica keys`: API keys of integrations."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kb.cli.terminal import configured, opened, table_console, told
from kb.domain import EVERYTHING, Facets, Principal, PrincipalKind, utc_now

app = typer.Typer(no_args_is_help=True, help="API keys of integrations.")
OPERATOR = Principal(PrincipalKind.open_access, "cli", EVERYTHING)
"""Whoever may run commands here owns the installation."""


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What it is for, such as 'Helpdesk'")],
    may: Annotated[list[str], typer.Option(help="A permission; give it several times")] = [],  # noqa: B006  # typer reads it as the default, nobody changes it
    like: Annotated[str | None, typer.Option(help="All that this role may, such as agent")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Good for so long")] = None,
    facet: Annotated[
        list[str], typer.Option(metavar="NAME=VALUE", help="See no other value of this facet")
    ] = [],  # noqa: B006
) -> None:
    """Make a key. It is shown once, on standard output: nobody can find it out later."""
    from kb.actions.keys import KeyInput, choose_permissions, create_key

    scope = scope_of(facet)
    settings = configured()
    expires_at = None if days is None else utc_now() + timedelta(days=days)
    with told(), opened(settings) as sessions, sessions.begin() as session:
        permissions = choose_permissions(session, may, like)
        made = create_key(session, KeyInput(name, permissions, scope, expires_at), OPERATOR)
    aside = Console(stderr=True, soft_wrap=True)
    aside.print(
        f"Key {made.key.id} of {escape(made.key.name)}. Keep it now, it is not shown again:"
    )
    typer.echo(made.token)


@app.command("list")
def list_() -> None:
    """Every key with what it may do; never its secret."""
    from kb.queries.keys import list_keys
    from kb.queries.paging import MAX_LIMIT, Paging

    table = Table("id", "name", "state", "may", "scope", "expires", "last used", "made by")
    now = utc_now()
    with told(), opened(configured(), read_only=True) as sessions, sessions() as session:
        page = list_keys(session, paging=Paging(limit=MAX_LIMIT))
    for key in page.items:
        table.add_row(
            key.id,
            escape(key.name),
            str(key.state_at(now)),
            ", ".join(sorted(key.permissions)),
            escape("; ".join(f"{name}={','.join(some)}" for name, some in key.scope.items())),
            "" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d}",
            "" if key.used_at is None else f"{key.used_at:%Y-%m-%d %H:%M}",
            escape(key.created_by),
        )
    table_console().print(table)
    if page.total > len(page.items):
        Console().print(f"The newest {len(page.items)} of {page.total}.")


@app.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(help="The id, from `potica keys list`")]) -> None:
    """Nobody gets in with this key from now on, nor with keys that were made with it."""
    from kb.actions.keys import revoke_key

    with told(), opened(configured()) as sessions, sessions.begin() as session:
        revoke_key(session, key_id, actor=OPERATOR.actor)
    Console().print(f"The key {escape(key_id)} is revoked.")


def scope_of(pairs: list[str]) -> Facets:
    """What `--facet NAME=VALUE`, given several times, means. Raises typer.BadParameter."""
    scope: Facets = {}
    for pair in pairs:
        name, is_pair, value = pair.partition("=")
        if not (name and is_pair and value):
            raise typer.BadParameter(f"Write --facet NAME=VALUE, not {pair!r}.")
        scope.setdefault(name, []).append(value)
    return scope

"""`potica integrations`: what an administrator uploads to a helpdesk, or pastes there."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from kb.cli.terminal import configured, told
from kb.config import ORIGIN
from kb.errors import InvalidInput

if TYPE_CHECKING:
    from kb.cli.helpdesks import HelpdeskPackage

app = typer.Typer(no_args_is_help=True, help="The sidebar inside your helpdesk.")


@app.callback()
def _group() -> None:
    """Keep `build` a command of its own: there will be others beside it."""


class Helpdesk(StrEnum):
    zendesk = "zendesk"
    freshdesk = "freshdesk"
    chatwoot = "chatwoot"


@app.command("build")
def build(
    helpdesk: Annotated[Helpdesk, typer.Argument(help="Which helpdesk it is for")],
    url: Annotated[
        str, typer.Option(help="Your server, as agents reach it; left out: POTICA_PUBLIC_URL")
    ] = "",
    out: Annotated[Path, typer.Option(help="The folder to write to")] = Path(),
) -> None:
    """Write the app of a helpdesk, and say what to do with it."""
    with told():
        package = _package(helpdesk, _checked(url or configured().resolved_public_url))
    target = package.write(out)
    console = Console(soft_wrap=True)
    console.print(f"[green]✓[/] {escape(str(target))}")
    for number, step in enumerate(package.steps, 1):
        console.print(f"  {number}. {escape(step)}")


def _package(helpdesk: Helpdesk, url: str) -> HelpdeskPackage:
    from kb.cli.helpdesks.chatwoot import build_chatwoot
    from kb.cli.helpdesks.freshdesk import build_freshdesk
    from kb.cli.helpdesks.zendesk import build_zendesk

    if helpdesk == Helpdesk.zendesk:
        return build_zendesk(url)
    if helpdesk == Helpdesk.chatwoot:
        return build_chatwoot(url)
    from api.ui.embed_script import STATIC, embed_script

    icon = (STATIC / "potica.svg").read_text(encoding="utf-8")
    return build_freshdesk(url, embed_script().text, icon)


def _checked(url: str) -> str:
    """The address without a slash at its end. Raises InvalidInput for what helpdesks refuse."""
    found = url.rstrip("/")
    if not re.fullmatch(ORIGIN, found):
        raise InvalidInput(
            f"{url[:100]!r} cannot be shown in a helpdesk: give the address of your server, as in"
            " https://kb.example, without a path."
        )
    return found

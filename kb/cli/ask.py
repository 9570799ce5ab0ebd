"""`potica ask`: one question, answered in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from kb.cli.serve import check_database
from kb.cli.terminal import PROBLEMS, configured, spoken, told
from kb.domain import Audience

if TYPE_CHECKING:
    from kb.assist.types import Reply, SuggestionResult
    from kb.search.types import Hit

BAR = 24  # characters of the longest bar
PARTS = ("dense", "title", "lexical", "facet", "pieces", "trust", "use")


def ask(
    question: Annotated[str, typer.Argument(help="What the customer says")],
    language: Annotated[
        str | None, typer.Option("--lang", help="The customer's language; else detected")
    ] = None,
    reader: Annotated[Audience, typer.Option(help="Who reads the answers")] = Audience.internal,
    why: Annotated[bool, typer.Option("--why", help="Show the figures behind each rank")] = False,
    limit: Annotated[int, typer.Option(min=1, max=20)] = 3,
) -> None:
    """Answer a question with sources and a cited reply. Nothing of it is recorded."""
    from kb.assist.engine import Engine
    from kb.assist.types import Message, SuggestRequest

    settings, console = configured(), Console()
    with told():
        spoken(language, settings)
        check_database(settings)
        with console.status("Opening the index"):
            engine = Engine.open(settings)
        try:
            asked = (Message("customer", question),)
            request = SuggestRequest(asked, language, reader=reader, limit=limit, is_typed=True)
            result = engine.suggest(request, record=False)
        finally:
            engine.close()
    _show(result, console, why)
    if result.nothing_known is not None:
        raise typer.Exit(PROBLEMS)


def _show(result: SuggestionResult, console: Console, why: bool) -> None:
    spent = result.milliseconds.get("total", 0.0)
    console.print(f"[dim]Language {result.language}, answered in {spent:.1f} ms[/]")
    if result.nothing_known is not None:
        told = f"{result.nothing_known.message} [dim]({result.nothing_known.code})[/]"
        console.print(Panel(told, title="Nothing known", border_style="yellow"))
    if result.reply is not None:
        console.print(_reply(result.reply))
    for title, hits in (("Articles", result.articles), ("Similar cases", result.cases)):
        if hits:
            console.print(f"\n[bold]{title}[/]")
        for place, hit in enumerate(hits, 1):
            _show_hit(console, place, hit, why)


def _reply(reply: Reply) -> Panel:
    from kb.assist.compose import is_line

    text, cited = Text(), False
    for sentence in reply.sentences:
        if cited and (sentence.citation is None or is_line(sentence.text)):
            text.append("\n")
        cited = sentence.citation is not None
        text.append(sentence.text)
        text.append(f" [{sentence.citation}] " if cited else "\n", style="bold yellow")
    sources = "\n".join(f"[{place}] {source}" for place, source in enumerate(reply.sources, 1))
    text.append(f"\n{sources}", style="dim")
    return Panel(text, title=f"Reply ({reply.language})", border_style="green")


def _show_hit(console: Console, place: int, hit: Hit, why: bool) -> None:
    console.print(
        f"{place}. [bold]{escape(hit.title)}[/]  [green]{hit.confidence:.0%}[/]"
        f"  [dim]{hit.pool}:{escape(hit.document_id)} · {hit.language} · {hit.trust}[/]"
    )
    console.print(Padding(_marked(hit), (0, 0, 0, 3)))
    if why:
        console.print(Padding(_why(hit), (0, 0, 1, 3)))


def _marked(hit: Hit) -> Text:
    from kb.text.markdown import plain_text

    text = Text(plain_text(hit.text))
    found = {hit.text[span.start : span.end] for span in hit.highlights}
    text.highlight_words(sorted(found), "bold yellow")
    return text


def _why(hit: Hit) -> Table:
    most = max(max(abs(getattr(hit.why, part)) for part in PARTS), 1e-9)
    table = Table.grid(padding=(0, 1))
    for part in PARTS:
        value = getattr(hit.why, part)
        bar = "█" * round(BAR * max(value, 0) / most)
        table.add_row(part, f"[yellow]{bar:<{BAR}}[/]", f"{value:+.4f}")
    table.add_row("score", "", f"{hit.score:+.4f}")
    return table

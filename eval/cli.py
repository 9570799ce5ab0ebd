"""`potica eval`: how good the answers are, on any data in one of the known forms."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperCommand

from eval.datasets import Languages
from eval.duplicates_cli import duplicates_command
from eval.personal.cli import personal_command
from eval.progress import Progress
from eval.replay.cli import replay_command
from eval.report.machine import command_line
from eval.report.quality import Heading, points, shown, to_json, write_quality
from eval.report.targets import Result, check_targets, set_name
from eval.results import METRICS, SYSTEMS, CrossResult, KnownResult, RankingResult, RetrievalResult
from eval.splits import Split
from kb.config import Settings, get_settings
from kb.domain import Pool
from kb.errors import KbError

app = typer.Typer(
    help="Measure the quality of answers on a folder of questions and documents.",
    no_args_is_help=True,
)

app.command("personal")(personal_command)
app.command("duplicates")(duplicates_command)
app.command("replay")(replay_command)

LISTS = ("--corpus", "--queries")


class Mode(StrEnum):
    """Whether what a question is about is known beforehand."""

    open = "open"
    entity = "entity"


class Pools(StrEnum):
    """What the documents of the corpus are taken as."""

    articles = "articles"
    cases = "cases"


class ManyFiles(TyperCommand):
    """Options that take several files: `--corpus A B` is read as `--corpus A --corpus B`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the option before each further file; folders stay the positional argument."""
        found: list[str] = []
        option = ""
        for place, word in enumerate(args):
            if word.startswith("-"):
                option = word if word in LISTS else ""
            elif option and args[place - 1] != option and not Path(word).is_dir():
                found.append(option)
            found.append(word)
        return super().parse_args(ctx, found)


Folder = Annotated[Path, typer.Argument(help="Folder with the evaluation data.")]
JsonOut = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Ask at most so many questions.")]
Half = Annotated[Split, typer.Option(help="Which half of the questions to ask.")]


@app.command("retrieval", cls=ManyFiles)
def retrieval_command(
    folder: Folder,
    corpus: Annotated[list[Path] | None, typer.Option(help="Files of documents.")] = None,
    queries: Annotated[list[Path] | None, typer.Option(help="Files of questions.")] = None,
    qrels: Annotated[Path | None, typer.Option(help="Which documents answer which.")] = None,
    mode: Annotated[Mode, typer.Option(help="Is the entity known?")] = Mode.open,
    pool: Annotated[Pools, typer.Option(help="Documents as articles or cases.")] = Pools.articles,
    json_out: JsonOut = None,
    limit: Limit = None,
    split: Half = Split.all,
) -> None:
    """Find documents that answer questions."""
    from eval.folders import Files, read_retrieval
    from eval.runs.retrieval import Asked, run_retrieval
    from eval.runs.setup import open_setup

    with _run() as (settings, progress):
        files = Files(tuple(corpus or ()), tuple(queries or ()), qrels)
        sets = read_retrieval(folder, Languages(settings.languages), files, mode.value)
        kind = Pool.case if pool is Pools.cases else Pool.article
        asked = Asked(kind, split, limit)
        setup = open_setup(settings, progress)
        _tell(run_retrieval(sets, setup, progress, asked, mode=mode.value), json_out, progress)


@app.command("similar-cases")
def similar_cases_command(
    folder: Folder, json_out: JsonOut = None, limit: Limit = None, split: Half = Split.all
) -> None:
    """Find resolved cases like a new one."""
    from eval.folders import read_similar_cases
    from eval.runs.retrieval import Asked, run_retrieval
    from eval.runs.setup import open_setup

    with _run() as (settings, progress):
        one = read_similar_cases(folder, Languages(settings.languages))
        setup = open_setup(settings, progress)
        result = run_retrieval([one], setup, progress, Asked(Pool.case, split, limit))
        _tell(result, json_out, progress)


@app.command("nothing-known")
def nothing_known_command(
    folder: Folder,
    json_out: JsonOut = None,
    limit: Limit = None,
    split: Half = Split.all,
    own_base: Annotated[
        bool,
        typer.Option(
            "--own-base",
            help="Dialogs only: what is asked in one half of them is the base for the other.",
        ),
    ] = False,
) -> None:
    """Tell turns that can be answered from those that ask nothing or nothing known."""
    from eval.runs.everything import OWN_BASE
    from eval.runs.known import run_known
    from eval.runs.setup import open_setup
    from eval.turns import read_known

    with _run() as (settings, progress):
        known = read_known(folder, Languages(settings.languages), split=split, own_base=own_base)
        notes = {"split": str(split)} | ({"base": OWN_BASE} if own_base else {})
        setup = open_setup(settings, progress)
        _tell(run_known(known, setup, progress, limit, **notes), json_out, progress)


@app.command("crosslingual")
def crosslingual_command(
    folder: Folder, json_out: JsonOut = None, limit: Limit = None, split: Half = Split.all
) -> None:
    """Ask in one language, find in another; and all languages in one index."""
    from eval.folders import read_crosslingual
    from eval.runs.crosslingual import run_crosslingual
    from eval.runs.setup import open_setup

    with _run() as (settings, progress):
        sets = read_crosslingual(folder, Languages(settings.languages))
        setup = open_setup(settings, progress)
        _tell(run_crosslingual(sets, setup, progress, split, limit), json_out, progress)


@app.command("all")
def all_command(
    data: Annotated[Path, typer.Argument(help="Folder of evaluation folders.")],
    report: Annotated[Path, typer.Option(help="Write the report into this folder.")] = Path(
        "docs/results"
    ),
    json_out: JsonOut = None,
    limit: Limit = None,
    split: Half = Split.test,
) -> None:
    """Run everything that the folders are made for, and write a report.

    Reports on the test half: the other half is what weights and thresholds were chosen on.
    """
    from eval.runs.everything import plan, run_all
    from eval.runs.retrieval import Asked
    from eval.runs.setup import open_setup

    with _run() as (settings, progress):
        jobs, left_out = plan(data, Languages(settings.languages))
        asked = Asked(split=split, limit=limit)
        setup = open_setup(settings, progress)
        results = run_all(jobs, setup, progress, asked)
        heading = Heading(command_line(), split, left_out)
        page = write_quality(report, results, heading)
        for target in check_targets(results):
            mark = "reached    " if target.reached else "NOT reached"
            progress.say(f"{mark}  {target.asked}: {target.found}")
        if json_out:
            _write_json(json_out, [to_json(result) for result in results])
        progress.say(f"The report is in {page}.")


@contextmanager
def _run() -> Iterator[tuple[Settings, Progress]]:
    """Around a run: expected errors end it with a sentence instead of a trace."""
    progress = Progress()
    try:
        yield get_settings(), progress
    except KbError as error:
        typer.echo(f"{error.title}: {error.message}", err=True)
        raise typer.Exit(1) from error


def _tell(result: Result, json_out: Path | None, progress: Progress) -> None:
    console = Console()
    show = _SHOWN[type(result)]
    show(console, result)
    if json_out:
        _write_json(json_out, to_json(result))
        progress.say(f"The figures are in {json_out}.")


def _show_retrieval(console: Console, result: Any) -> None:
    _show_ranking(console, f"{set_name(result)} ({result.settings['split']})", result.total)
    for tag, part in result.languages.items():
        if len(result.languages) > 1:
            _show_ranking(console, f"{result.name} {tag}", part)
    if result.skipped:
        console.print(f"{result.skipped} questions without an answer in the corpus were skipped.")
    for tag, one in result.confidences.items():
        console.print(
            f"{tag}: calibration error {shown(one.error)}, coverage@95 {shown(one.coverage)}",
            markup=False,
        )


def _show_known(console: Console, result: Any) -> None:
    console.print(f"{set_name(result)}: {result.n} turns, {result.positive} known", markup=False)
    console.print(f"AUROC {shown(result.area)}", markup=False)
    console.print(f"coverage@95 {shown(result.coverage)}", markup=False)
    if result.asks_area:
        console.print(f"AUROC of asks alone {shown(result.asks_area)}", markup=False)
    for kind, figure in result.groups.items():
        console.print(f"AUROC against {kind}: {shown(figure)}", markup=False)
    for tag, one in result.confidences.items():
        console.print(f"{tag}: calibration error {shown(one.error)}", markup=False)


def _show_cross(console: Console, result: Any) -> None:
    _show_ranking(console, f"{result.name}, pairs of two languages", result.pairs)
    _show_ranking(console, f"{result.name}, all languages in one index", result.mixed)
    for system in ("engine", "dense"):
        grid = Table(title=f"R@1 of {system}: question down, corpus across")
        for name in ("", *result.languages):
            grid.add_column(name)
        for asked, row in result.matrix[system].items():
            grid.add_row(asked, *(f"{figure.value:.3f}" for figure in row.values()))
        console.print(grid)
    console.print(f"The engine leads raw dense by {points(result.lead)} points.", markup=False)


def _show_ranking(console: Console, title: str, result: RankingResult) -> None:
    grid = Table(title=f"{title}: {result.n} questions", title_justify="left")
    for name in ("", *METRICS):
        grid.add_column(name)
    for system in SYSTEMS:
        own = result.systems[system]
        grid.add_row(system, *(f"{own[metric].value:.3f}" for metric in METRICS))
    lead = [f"{100 * result.lead[m].value:+.1f} over {result.best[m]}" for m in METRICS]
    grid.add_row("lead", *lead)
    console.print(grid)


_SHOWN: dict[type[Any], Callable[[Console, Any], None]] = {
    RetrievalResult: _show_retrieval,
    KnownResult: _show_known,
    CrossResult: _show_cross,
}


def _write_json(path: Path, figures: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")

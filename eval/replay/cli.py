"""`potica eval replay`: dialogs turn by turn through the interaction API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from eval.datasets import Languages
from eval.progress import Progress
from eval.report.machine import command_line
from eval.splits import Split
from kb.config import get_settings
from kb.errors import KbError

SETS = ("multidogo", "dstc9_val")


def replay_command(
    data: Annotated[Path, typer.Argument(help="Folder of evaluation folders, or one of them.")],
    only: Annotated[
        list[str] | None, typer.Option(help="Folders to replay; several times.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write replay.md into this folder.")] = None,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many turns of a set.")] = 400,
    split: Annotated[Split, typer.Option(help="Which half of the dialogs.")] = Split.test,
    disorder: Annotated[
        bool, typer.Option(help="Send some messages again, late, or half and then edited.")
    ] = True,
) -> None:
    """Where the sidebar rightly speaks and is rightly silent, beside the offline evaluation."""
    from eval.bench.suggest import load_average
    from eval.replay.deliver import Shares
    from eval.replay.dialogs import read_replays
    from eval.replay.report import replay_json, summary, write_replay
    from eval.replay.run import run_replay
    from eval.runs.setup import open_setup

    progress, shares = Progress(), Shares() if disorder else Shares(0, 0, 0)
    try:
        settings, before = get_settings(), load_average()
        names = [name for name in only or SETS if (data / name).is_dir()]
        folders = [data / name for name in names] or [data]
        languages = Languages(settings.languages)
        sets = [one for folder in folders for one in read_replays(folder, languages, split, limit)]
        setup = open_setup(settings, progress)
        results = []
        for one in sets:
            results.append(run_replay(one, setup, progress, shares))
            if json_out is not None:  # what took minutes is not lost with what comes after it
                _write(json_out, [replay_json(result) for result in results])
    except KbError as error:
        typer.echo(f"{error.title}: {error.message}", err=True)
        raise typer.Exit(1) from error
    for result in results:
        typer.echo(summary(result))
    if report is not None:
        page = write_replay(report, results, command_line(), before)
        progress.say(f"The report is in {page}.")


def _write(path: Path, figures: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", "utf-8")

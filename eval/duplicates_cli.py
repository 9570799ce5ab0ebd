"""`potica eval duplicates`: does a text say what is already there?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from eval.progress import Progress
from eval.report.machine import command_line, this_machine
from eval.splits import Split
from kb.config import get_settings
from kb.errors import KbError


def duplicates_command(
    data: Annotated[Path, typer.Argument(help="Folder of evaluation folders.")],
    report: Annotated[Path, typer.Option(help="Write the report to this file.")] = Path(
        "docs/results/duplicates.md"
    ),
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
    split: Annotated[Split, typer.Option(help="Which half of the texts to ask.")] = Split.test,
) -> None:
    """Find articles and cases that are about the same problem, also across languages."""
    from eval.duplicate_sets import read_sets
    from eval.pair_sets import read_pair_sets
    from eval.report.duplicates import to_json, write_report
    from eval.runs.duplicates import run_duplicates
    from eval.runs.pairs import run_pairs
    from eval.runs.setup import open_setup

    progress = Progress()
    try:
        setup = open_setup(get_settings(), progress)
        sets = list(read_sets(data, setup.languages, split))
        pairs = list(read_pair_sets(data, setup.languages, split))
        lists = {one.name: run_pairs(one, setup, progress) for one in pairs}
        answers = {one.name: run_duplicates(one, setup, progress) for one in sets}
    except KbError as error:
        typer.echo(f"{error.title}: {error.message}", err=True)
        raise typer.Exit(1) from error
    write_report(report, answers, command_line(), str(this_machine()), lists)
    if json_out:
        json_out.parent.mkdir(parents=True, exist_ok=True)
        json_out.write_text(json.dumps(to_json(answers, lists), indent=1) + "\n", encoding="utf-8")
    progress.say(f"The report is in {report}.")

"""`potica eval personal`: how much personal data redaction finds."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from eval.progress import Progress
from eval.report.machine import command_line


class Half(StrEnum):
    """Templates that rules were adjusted on, and those that are reported on."""

    dev = "dev"
    test = "test"


def personal_command(
    report: Annotated[Path | None, typer.Option(help="Write the report into this folder.")] = None,
    half: Annotated[Half, typer.Option(help="Which templates to fill.")] = Half.test,
    copies: Annotated[int, typer.Option(min=1, max=100, help="Texts of each template.")] = 4,
    speed: Annotated[bool, typer.Option(help="Also measure speed.")] = True,
) -> None:
    """Find personal data in made-up texts of five languages; `--report` writes personal.md."""
    from eval.personal.fill import LANGUAGES, make_texts
    from eval.personal.measure import measure
    from eval.personal.report import Run, sums, targets, write_report
    from eval.personal.speed import ENDLESS, measure_growth, measure_speed

    progress = Progress()
    texts = {language: make_texts(language, half.value, copies) for language in LANGUAGES}
    every = [text for made in texts.values() for text in made]
    measured = measure(progress.each(every, "Redacting", len(every)))
    speeds = [measure_speed(language, made) for language, made in texts.items()] if speed else []
    growths = (
        [measure_growth(unit) for unit in progress.each(ENDLESS, "Endless texts", len(ENDLESS))]
        if speed
        else []
    )
    templates = len({(text.language, text.template) for text in every})
    run = Run(command_line(), half.value, templates, measured, speeds, growths)
    for target in targets(run):
        mark = "reached    " if target.reached else "NOT reached"
        progress.say(f"{mark}  {target.asked}: {target.found}")
    for line in sums(run):
        progress.say(line.replace("[", "(").replace("]", ")"))
    if report is not None:
        progress.say(f"The report is in {write_report(report, run)}.")

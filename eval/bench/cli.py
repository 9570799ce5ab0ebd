"""`potica bench`: how fast suggestions are, and how large the process is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from eval.progress import Progress
from eval.report.machine import command_line
from eval.report.targets import Target
from kb.config import Settings, get_settings
from kb.errors import KbError

app = typer.Typer(help="Measure speed and size.", invoke_without_command=True)

SIZES = "10000,100000"
SERVED = 10_000  # passages the serving process is measured with
HTTP_REQUESTS = 50


@app.callback()
def bench(
    context: typer.Context,
    report: Annotated[Path, typer.Option(help="Write the report into this folder.")] = Path(
        "docs/results"
    ),
    sizes: Annotated[str, typer.Option(help="Numbers of passages, with commas between.")] = SIZES,
    requests: Annotated[int, typer.Option(min=1, help="Suggestions to time for each.")] = 300,
    serve: Annotated[bool, typer.Option(help="Also measure a serving process.")] = True,
    encoder: Annotated[bool, typer.Option(help="Also compare the encoder with torch.")] = True,
    data: Annotated[
        Path | None, typer.Option(help="Folder of <language>.txt to compare vectors on.")
    ] = None,
) -> None:
    """Suggestion latency, index rebuild, the serving process, the encoder; writes bench.md."""
    if context.invoked_subcommand:
        return
    from eval.bench.report import Measured, bench_targets, write_bench
    from eval.bench.suggest import load_average

    progress = Progress()
    load = load_average()
    try:
        settings = get_settings()
        latencies, serving = _measure(settings, _numbers(sizes), requests, serve, progress)
        compared = _compare(settings, data, progress) if encoder else None
    except KbError as error:
        typer.echo(f"{error.title}: {error.message}", err=True)
        raise typer.Exit(1) from error
    command = command_line()
    measured = Measured(command, load, latencies, serving, compared)
    page = write_bench(report, measured)
    _tell(bench_targets(measured), page, progress)


@app.command("live")
def live(
    report: Annotated[Path, typer.Option(help="Write the report into this folder.")] = Path(
        "docs/results"
    ),
    seconds: Annotated[float, typer.Option(min=5, help="How long messages come.")] = 60,
    screens: Annotated[int, typer.Option(min=0, help="Sidebars in a browser.")] = 5,
    sidebars: Annotated[int, typer.Option(min=0, help="Idle ones, as the server dies.")] = 500,
    kills: Annotated[int, typer.Option(min=0, help="How often it is killed.")] = 3,
) -> None:
    """Live interactions: suggestions painted under load, idle sidebars, kill -9; writes live.md."""
    from eval.live.report import live_targets, write_live
    from eval.live.run import Plan, has_browser, measure_live

    progress = Progress()
    if screens and not has_browser():
        progress.say("There is no browser here: painting is not measured.")
        screens = 0
    plan = Plan(seconds=seconds, screens=screens, sidebars=sidebars, kills=kills)
    try:
        measured = measure_live(get_settings(), plan, progress)
    except KbError as error:
        typer.echo(f"{error.title}: {error.message}", err=True)
        raise typer.Exit(1) from error
    page = write_live(report, measured, command_line())
    _tell(live_targets(measured), page, progress)


def _tell(targets: Sequence[Target], page: Path, progress: Progress) -> None:
    for target in targets:
        mark = "reached    " if target.reached else "NOT reached"
        progress.say(f"{mark}  {target.asked}: {target.found}")
    progress.say(f"The report is in {page}.")


def _measure(
    settings: Settings, sizes: list[int], requests: int, serve: bool, progress: Progress
) -> tuple[list[Any], Any]:
    from eval.bench.dialogs import dialogs
    from eval.bench.serve import measure_serving
    from eval.bench.suggest import made_home, measure, rebuild

    latencies, serving = [], None
    for size in sizes:
        with made_home(settings, size, progress) as home:
            seconds = rebuild(home, progress)
            latencies.append(measure(home, size, requests, seconds, progress))
            if serve and size == SERVED:
                asked = dialogs(settings.content_dir, settings.languages, HTTP_REQUESTS)
                serving = measure_serving(home, size, asked, progress)
    return latencies, serving


def _compare(settings: Settings, data: Path | None, progress: Progress) -> Any:
    from eval.bench.encoder import parallel_sentences, run

    texts = parallel_sentences(data, settings.languages, 500) if data else None
    with progress.task("Comparing encoders") as task:
        found = run(settings, texts)
        task.done()
    return found


def _numbers(sizes: str) -> list[int]:
    try:
        return [int(size.replace("_", "")) for size in sizes.split(",") if size.strip()]
    except ValueError as error:
        raise typer.BadParameter(
            f"{sizes!r} are not numbers: write them as 10000,100000", param_hint="--sizes"
        ) from error

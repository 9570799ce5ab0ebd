"""`potica bench`: how fast suggestions are, and how large the process is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from eval.progress import Progress
from eval.report.machine import command_line
from kb.config import Settings, get_settings
from kb.errors import KbError

app = typer.Typer(help="Measure speed and size.", invoke_without_command=True)

SIZES = "10000,100000"
SERVED = 10_000  # passages the serving process is measured with
HTTP_REQUESTS = 50


@app.callback()
def bench(
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
    for target in bench_targets(measured):
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

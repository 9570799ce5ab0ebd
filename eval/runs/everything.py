"""Looks through a folder of evaluation folders and runs each by its form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.datasets import Languages, Mode
from eval.folders import (
    Files,
    check_folder,
    paired_languages,
    read_crosslingual,
    read_retrieval,
    read_similar_cases,
)
from eval.progress import Progress
from eval.report.targets import Result
from eval.rows import read_rows
from eval.runs.crosslingual import run_crosslingual
from eval.runs.known import run_known
from eval.runs.retrieval import Asked, run_retrieval
from eval.runs.setup import Setup
from eval.turns import UNKNOWN_INTENTS, has_dialogs_only, read_known
from kb.domain import Pool
from kb.errors import NotFound

Run = Callable[[Setup, Progress, Asked], Result]

LOOKED_AT = 50  # rows that tell the form of a file
OWN_BASE = "base of other dialogs"


@dataclass(frozen=True, slots=True)
class Job:
    """One run on one folder."""

    name: str
    run: Run


def plan(data: Path, languages: Languages) -> tuple[list[Job], list[str]]:
    """The runs that the folders under `data` (or `data` itself) are made for.

    Also gives the names of folders in none of the forms. Raises NotFound when there is no run.
    """
    check_folder(data)
    jobs, left_out = [], []
    folders = sorted(path for path in data.iterdir() if path.is_dir())
    for folder in folders:
        found = jobs_for(folder, languages)
        jobs += found
        if not found:
            left_out.append(folder.name)
    if not jobs:
        jobs = jobs_for(data, languages)
    if not jobs:
        raise NotFound(
            f"{data} holds no evaluation folder: docs/evaluation.md says which forms there are."
        )
    return jobs, left_out


def jobs_for(folder: Path, languages: Languages) -> list[Job]:
    """The runs one folder is made for; none when it is in none of the forms."""
    jobs = []
    corpus = sorted(folder.glob("corpus*.jsonl"))
    asked = [*folder.glob("queries*.jsonl"), *folder.glob("tasks*.jsonl")]
    judged = any(folder.glob("qrels*"))
    if corpus and asked:
        jobs.append(_retrieval(folder, "open"))
        if _has(corpus[0], "entity"):
            jobs.append(_retrieval(folder, "entity"))
        if len(paired_languages(folder, languages)) > 1:
            jobs.append(_crosslingual(folder))
    elif corpus and judged:
        jobs.append(_similar_cases(folder))
    train, test = folder / "train.jsonl", folder / "test.jsonl"
    turns = [path for path in (test, *folder.glob("turns*.jsonl")) if path.is_file()]
    if any(_tells_known(path) for path in turns):
        jobs.append(_known(folder))
    elif train.is_file() and test.is_file():
        jobs.append(_similar_cases(folder))
    if any(folder.glob("cases*.jsonl")):
        jobs.append(_similar_cases(folder))
    if not jobs and has_dialogs_only(folder):
        jobs += [_known(folder), _known(folder, own_base=True)]
    return jobs


def run_all(jobs: Sequence[Job], setup: Setup, progress: Progress, asked: Asked) -> list[Result]:
    """The results of the runs, in order."""
    results = []
    for number, job in enumerate(jobs, start=1):
        progress.say(f"[{number}/{len(jobs)}] {job.name}")
        results.append(job.run(setup, progress, asked))
    return results


def _retrieval(folder: Path, mode: Mode) -> Job:
    def run(setup: Setup, progress: Progress, asked: Asked) -> Result:
        sets = read_retrieval(folder, setup.languages, Files(), mode)
        own = Asked(Pool.article, asked.split, asked.limit)
        return run_retrieval(sets, setup, progress, own, mode=mode)

    return Job(f"{folder.name}: retrieval, {mode}", run)


def _similar_cases(folder: Path) -> Job:
    def run(setup: Setup, progress: Progress, asked: Asked) -> Result:
        one = read_similar_cases(folder, setup.languages)
        own = Asked(Pool.case, asked.split, asked.limit)
        return run_retrieval([one], setup, progress, own)

    return Job(f"{folder.name}: similar cases", run)


def _crosslingual(folder: Path) -> Job:
    def run(setup: Setup, progress: Progress, asked: Asked) -> Result:
        sets = read_crosslingual(folder, setup.languages)
        return run_crosslingual(sets, setup, progress, asked.split, asked.limit)

    return Job(f"{folder.name}: across languages", run)


def _known(folder: Path, *, own_base: bool = False) -> Job:
    def run(setup: Setup, progress: Progress, asked: Asked) -> Result:
        known = read_known(folder, setup.languages, split=asked.split, own_base=own_base)
        notes = {"split": str(asked.split)} | ({"base": OWN_BASE} if own_base else {})
        return run_known(known, setup, progress, asked.limit, **notes)

    return Job(f"{folder.name}: nothing known" + (f", {OWN_BASE}" if own_base else ""), run)


def _has(path: Path, name: str) -> bool:
    """Whether one of the first rows carries this field."""
    rows = zip(range(LOOKED_AT), read_rows(path), strict=False)
    return any(row.values.get(name) for _, row in rows)


def _tells_known(path: Path) -> bool:
    """Whether rows say if they are known, or that they are out of scope."""
    return any(
        "known" in row.values
        or "asks" in row.values
        or str(row.values.get("intent")).lower() in UNKNOWN_INTENTS
        for row in read_rows(path)
    )

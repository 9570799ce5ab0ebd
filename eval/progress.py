"""Progress bars for what takes longer than a moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Task:
    """One bar."""

    bars: Bars
    id: TaskID

    def advance(self, count: int = 1) -> None:
        """So much more is done."""
        self.bars.advance(self.id, count)

    def done(self) -> None:
        """All is done, however much that was."""
        self.bars.update(self.id, total=1, completed=1)


class Progress:
    """Bars on standard error where it is a terminal, and lines of text."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)

    @contextmanager
    def task(self, what: str, total: int | None = None) -> Iterator[Task]:
        """A bar of `total` steps; without a total it only shows that something moves."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        hidden = not self.console.is_terminal
        with Bars(*columns, console=self.console, transient=True, disable=hidden) as bars:
            yield Task(bars, bars.add_task(what, total=total))

    def each(self, items: Iterable[T], what: str, total: int) -> Iterator[T]:
        """The items, with a bar that counts them."""
        with self.task(what, total) as task:
            for item in items:
                yield item
                task.advance()

    def say(self, text: str) -> None:
        """A line that stays."""
        self.console.print(text, highlight=False)

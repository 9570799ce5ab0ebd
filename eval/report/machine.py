"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """Cores this process may use, memory in GiB, the processor's name, the system."""

    cores: int
    memory: float
    processor: str
    system: str

    def __str__(self) -> str:
        return (
            f"{self.cores} cores of {self.processor}, {self.memory:.0f} GiB memory,"
            f" {self.system}, Python {platform.python_version()}"
        )


def this_machine() -> Machine:
    """The machine this runs on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Machine(cores or 1, memory, _processor(), f"{platform.system()} {platform.machine()}")


def command_line() -> str:
    """The command that this process was started with, for the heading of a report."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "an unnamed processor"

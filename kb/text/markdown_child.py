"""The Markdown process: one request after another from stdin, answers to stdout.

Started by `kb.text.markdown_worker`. It ends when its parent does, and when a text takes more
than `CPU_SECONDS` of computing the kernel ends it, whatever it is doing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import BinaryIO

from kb.errors import InvalidInput, TextRefused
from kb.text.markdown_engine import convert
from kb.text.markdown_safe import cleaned, words_of
from kb.text.markdown_wire import (
    Answer,
    Kind,
    Refusal,
    pack_answer,
    read_frame,
    unpack_request,
    write_frame,
)

CPU_SECONDS = 2.0
MEMORY_BYTES = 384 * 1024 * 1024  # of addresses; an honest text of full size takes 100 MiB
READY = b"ready"
TOO_BIG = "The text takes too much memory to convert. Split it, or use smaller tables."


def main() -> None:
    """Answer until the parent closes the pipe."""
    requests, answers = _pipes()
    _bound_memory()
    convert("# warm\n\nup")  # so that the first text does not wait for it
    write_frame(answers, READY)
    while (frame := read_frame(requests)) is not None:
        try:
            with _clock():
                packed = pack_answer(_answer(frame))
        except MemoryError:
            write_frame(answers, pack_answer(Answer(refusal=Refusal(TOO_BIG))))
            return  # what is left of the memory is in pieces: the next text gets a new process
        write_frame(answers, packed)


def _answer(frame: bytes) -> Answer:
    kind, markdown = unpack_request(frame)
    try:
        html, links = convert(markdown)
    except (InvalidInput, TextRefused) as error:
        limit = error.details.get("limit")
        nested = isinstance(error, InvalidInput)
        return Answer(
            refusal=Refusal(error.message, limit if isinstance(limit, int) else None, nested)
        )
    safe = cleaned(html, drafts=kind is Kind.draft)
    text = words_of(safe) if kind is Kind.words else safe
    return Answer(text, tuple(dict.fromkeys(links)))


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """stdin and stdout for us alone: a stray `print` in a library must not break an answer."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return sys.stdin.buffer, answers


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:  # not a POSIX system
        return
    for kind, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


@contextlib.contextmanager
def _clock() -> Iterator[None]:
    """End the process after `CPU_SECONDS` of computing; Python code could not interrupt a match."""
    if not hasattr(signal, "setitimer"):  # there the parent's clock alone must do
        yield
        return
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)

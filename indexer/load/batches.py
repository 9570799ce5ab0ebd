"""Saving records so that a bad one takes no other with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy.exc import DataError, IntegrityError, StatementError
from sqlalchemy.orm import Session, sessionmaker

from indexer.load.report import ImportOptions, ImportReport, Progress, Source
from kb.actions.saved import SaveResult
from kb.errors import KbError

Item = TypeVar("Item")


def save_in_batches(
    session_factory: sessionmaker[Session],
    items: Sequence[Item],
    save: Callable[[Session, Item], SaveResult],
    source_of: Callable[[Item], Source],
    run: tuple[ImportOptions, ImportReport],
    progress: Progress | None = None,
) -> None:
    """Save each item behind its own savepoint; commit every `batch` items, or roll back (dry)."""
    options, report = run
    for start in range(0, len(items), options.batch):
        with session_factory() as session:
            for item in items[start : start + options.batch]:
                try:
                    with session.begin_nested():
                        result = save(session, item)
                    report.count(result)
                except KbError as error:
                    report.reject(source_of(item), error.message)
                except (DataError, IntegrityError, StatementError) as error:
                    reason = str(error.orig or error).splitlines()[0]
                    report.reject(source_of(item), f"The database does not take it: {reason}")
            if options.dry_run:
                session.rollback()
            else:
                session.commit()
        if progress is not None:
            progress(min(start + options.batch, len(items)), len(items))

"""Looking through all cases for what is personal, after the rules have changed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from indexer.embed import Progress
from kb.actions.redactions import redact_again
from kb.queries.redactions import cases_to_redact

BATCH = 100  # cases in one transaction


@dataclass(frozen=True, slots=True)
class RedactReport:
    """Cases looked through, and those of them in which something is hidden."""

    cases: int
    hiding: int


def redact_cases(
    session_factory: sessionmaker[Session], actor: str, progress: Progress | None = None
) -> RedactReport:
    """Look through the cases that were not looked through with the rules of today.

    Commits batch by batch. Corrections of people stay; cases in which it changes something lose
    their passages and are left for the indexer. Raises ConfigError on patterns that are wrong.
    """
    with session_factory() as session:
        pending = cases_to_redact(session)
    cases = hiding = 0
    for start in range(0, len(pending), BATCH):
        with session_factory.begin() as session:
            for case_id in pending[start : start + BATCH]:
                hidden = redact_again(session, case_id, actor)
                cases += hidden is not None
                hiding += bool(hidden)
        if progress is not None:
            progress(min(start + BATCH, len(pending)), len(pending))
    return RedactReport(cases, hiding)

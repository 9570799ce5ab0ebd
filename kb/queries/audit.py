"""Audit: who did what to which thing, and whether the chain of entries is whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.audit_head import AuditHead
from kb.domain import FIRST_HASH, AuditCheckpoint, AuditEntry, audit_hash
from kb.queries.paging import Page, Paging

BATCH = 1000
_COLUMNS = tuple(getattr(AuditEntry, name) for name in AuditEntry.model_fields)


@dataclass(frozen=True, slots=True)
class AuditView:
    """One entry; `number` and `hash` are None until its transaction commits."""

    id: int
    at: datetime
    actor: str
    action: str
    entity: str
    entity_id: str
    details: dict[str, Any]
    number: int | None = None
    hash: str | None = None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to list; None for any. `since` is included, `until` is not."""

    entity: str | None = None
    entity_id: str | None = None
    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    actors: tuple[str, ...] | None = None  # by any of these


@dataclass(frozen=True, slots=True)
class ChainReport:
    """Entries that were read, the chain's end, and the first thing wrong (None: all is whole)."""

    entries: int
    end: AuditHead
    problem: str | None = None


def list_audit(
    session: Session, wanted: AuditFilter | None = None, *, paging: Paging | None = None
) -> Page[AuditView]:
    """Audit entries, the newest first."""
    paging = paging or Paging()
    where = _where(wanted or AuditFilter())
    total = session.scalar(select(func.count()).select_from(AuditEntry).where(*where)) or 0
    query = select(AuditEntry).where(*where).order_by(col(AuditEntry.id).desc())
    rows = session.scalars(query.offset(paging.offset).limit(paging.limit))
    return Page(tuple(_view(row) for row in rows), total)


def audit_choices(session: Session) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The entities and the actions there are entries of, for filters."""
    entities = session.scalars(select(col(AuditEntry.entity)).distinct())
    actions = session.scalars(select(col(AuditEntry.action)).distinct())
    return tuple(sorted(entities)), tuple(sorted(actions))


def chain_end(session: Session) -> AuditHead:
    """The last entry of the chain, or the checkpoint that stands for it; 0 when there is none."""
    query = (
        select(col(AuditEntry.number), col(AuditEntry.hash))
        .where(col(AuditEntry.number).is_not(None))
        .order_by(col(AuditEntry.number).desc())
    )
    last = session.execute(query.limit(1)).first()
    start = chain_start(session)
    if last is None or (last[0] or 0) < start.number:
        return start
    return AuditHead(last[0] or 0, last[1] or "")


def chain_start(session: Session) -> AuditHead:
    """What the oldest entry that is kept must follow."""
    query = select(AuditCheckpoint).order_by(col(AuditCheckpoint.number).desc()).limit(1)
    found = session.scalars(query).first()
    return AuditHead(0, FIRST_HASH) if found is None else AuditHead(found.number, found.hash)


def verify_chain(session: Session, heads: tuple[AuditHead, ...] = ()) -> ChainReport:
    """Follow the chain from its start; `heads` are ends noted earlier, outside the database.

    Seen are: a changed field, a missing, added or moved entry, and, where a head was noted, an
    end that was cut off or written anew.
    """
    start = end = chain_start(session)
    entries, noted = 0, {head.number: head for head in heads}
    stray = _stray(session, start)
    if stray is not None:
        return ChainReport(entries, end, stray)
    if problem := _differs(noted, start):
        return ChainReport(entries, end, problem)
    pruned = start.number == 0
    for entry in _entries(session):
        if problem := _broken(entry, end):
            return ChainReport(entries, end, problem)
        entries += 1
        end = AuditHead(entry["number"], entry["hash"] or "")
        if problem := _differs(noted, end):
            return ChainReport(entries, end, problem)
        pruned = pruned or _notes(entry, start)
    for head in heads:
        if head.number > end.number:
            told = f"The entries {end.number + 1} to {head.number} were cut off the end."
            return ChainReport(entries, end, told)
    if not pruned:
        told = f"The entries up to {start.number} were deleted, and no entry says that they were."
        return ChainReport(entries, end, told)
    return ChainReport(entries, end)


def _where(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    for name in ("entity", "entity_id", "actor", "action"):
        value = getattr(wanted, name)
        if value is not None:
            where.append(col(getattr(AuditEntry, name)) == value)
    if wanted.actors is not None:
        where.append(col(AuditEntry.actor).in_(wanted.actors))
    if wanted.since is not None:
        where.append(col(AuditEntry.at) >= wanted.since)
    if wanted.until is not None:
        where.append(col(AuditEntry.at) < wanted.until)
    return where


def _entries(session: Session) -> Iterator[RowMapping]:
    """Plain rows: what the session remembers of an entry is not what is there."""
    query = select(*_COLUMNS).order_by(col(AuditEntry.number)).limit(BATCH)
    last = 0
    while True:
        rows = session.execute(query.where(col(AuditEntry.number) > last)).mappings().all()
        if not rows:
            return
        yield from rows
        last = rows[-1]["number"]


def _stray(session: Session, start: AuditHead) -> str | None:
    """An entry that is in no chain, or that the checkpoint says is gone."""
    outside = (col(AuditEntry.number).is_(None)) | (col(AuditEntry.number) <= start.number)
    found = session.scalars(select(col(AuditEntry.id)).where(outside).limit(1)).first()
    if found is None:
        return None
    return f"The entry with the id {found} is not in the chain: it was added from outside."


def _broken(entry: RowMapping, end: AuditHead) -> str | None:
    expected = end.number + 1
    if entry["number"] != expected:
        return f"The entry {expected} is missing."
    if entry["previous_hash"] != end.hash:
        return f"The entry {expected} does not follow the one before it."
    if entry["hash"] != audit_hash(dict(entry), expected, end.hash):
        return f"The entry {expected} was changed."
    return None


def _differs(noted: dict[int, AuditHead], end: AuditHead) -> str | None:
    head = noted.get(end.number)
    if head is None or head.hash == end.hash:
        return None
    return f"The chain up to the entry {end.number} was written anew: it is not as was noted."


def _notes(entry: RowMapping, start: AuditHead) -> bool:
    """Whether this entry tells of the checkpoint."""
    said = (entry["action"], entry["entity"], entry["entity_id"], entry["details"].get("hash"))
    return said == ("prune", "audit", str(start.number), start.hash)


def _view(row: AuditEntry) -> AuditView:
    assert row.id is not None
    names = AuditView.__dataclass_fields__
    values = {name: getattr(row, name) for name in names}
    return AuditView(**values | {"details": dict(row.details)})

"""Audit entries: written by the other actions, in their transaction; chained when it commits."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.audit_head import AuditHead, keep_head
from kb.db import advisory_lock, settings_of
from kb.domain import AuditEntry, audit_hash
from kb.queries.audit import chain_end

_HEAD = "potica_audit_head"
log = structlog.get_logger(__name__)


def record(
    session: Session, actor: str, action: str, entity: str, entity_id: str, **details: Any
) -> None:
    """Note who did what to which thing. `details` are JSON-able and hold no texts.

    Nothing personal either: a customer is named by a keyed hash (`kb.secret_key.Marks`).
    """
    session.add(
        AuditEntry(actor=actor, action=action, entity=entity, entity_id=entity_id, details=details)
    )
    if not event.contains(session, "before_commit", _chain):
        event.listen(session, "before_commit", _chain)
        event.listen(session, "after_commit", _keep_head)


def _chain(session: Session) -> None:
    """Give the transaction's entries their places in the chain, the last thing before it commits.

    Writers queue for that moment only: a lock taken with the first entry would be held while the
    rest of a batch waits for locks of others.
    """
    session.info.pop(_HEAD, None)
    if session.in_nested_transaction():
        return
    session.flush()
    query = select(AuditEntry).where(col(AuditEntry.number).is_(None))
    entries = session.scalars(query.order_by(col(AuditEntry.id))).all()
    if not entries:
        return
    advisory_lock(session, "audit")
    end = chain_end(session)
    for entry in entries:
        number = end.number + 1
        made = audit_hash(entry.model_dump(), number, end.hash)
        entry.number, entry.previous_hash, entry.hash = number, end.hash, made
        end = AuditHead(number, made)
    session.flush()
    session.info[_HEAD] = end


def _keep_head(session: Session) -> None:
    head: AuditHead | None = session.info.pop(_HEAD, None)
    settings = settings_of(session)
    if head is None or settings is None:
        return
    try:
        keep_head(settings.home, head)
    except OSError as error:  # the commit stands, and the next one tries again
        log.warning("audit.head_not_kept", reason=error.strerror)

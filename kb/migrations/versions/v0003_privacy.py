"""Privacy: a chained audit, redactions of cases, erasures, whom a suggestion was for."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kb.domain.audit import FIRST_HASH, audit_hash
from kb.domain.types import UtcDateTime, utc_now

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
BATCH = 1000

REFUSED = "the audit is append-only"
SQLITE_GUARD = (
    f"""CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit WHEN OLD.hash IS NOT NULL
    BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END""",
    f"""CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    WHEN OLD.number IS NULL
      OR OLD.number > (SELECT coalesce(max(number), 0) FROM audit_checkpoint)
    BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END""",
    f"""CREATE TRIGGER audit_checkpoint_no_update BEFORE UPDATE ON audit_checkpoint
    BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END""",
    f"""CREATE TRIGGER audit_checkpoint_no_delete BEFORE DELETE ON audit_checkpoint
    BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END""",
)
POSTGRES_GUARD = (
    f"""CREATE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_TABLE_NAME = 'audit' AND TG_OP = 'UPDATE' THEN
        IF OLD.hash IS NULL THEN RETURN NEW; END IF;
      ELSIF TG_TABLE_NAME = 'audit' AND TG_OP = 'DELETE' THEN
        IF OLD.number <= (SELECT max(number) FROM audit_checkpoint) THEN RETURN OLD; END IF;
      END IF;
      RAISE EXCEPTION '{REFUSED}';
    END $$""",
    """CREATE TRIGGER audit_guard_rows BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_guard()""",
    """CREATE TRIGGER audit_guard_table BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_guard()""",
    """CREATE TRIGGER audit_checkpoint_guard_rows BEFORE UPDATE OR DELETE ON audit_checkpoint
    FOR EACH ROW EXECUTE FUNCTION audit_guard()""",
    """CREATE TRIGGER audit_checkpoint_guard_table BEFORE TRUNCATE ON audit_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION audit_guard()""",
)


def upgrade() -> None:
    _audit()
    _redaction()
    _erasure()
    _index_cases_again()


def _audit() -> None:
    op.add_column("audit", sa.Column("number", sa.Integer(), nullable=True))
    for name in ("previous_hash", "hash"):
        op.add_column("audit", sa.Column(name, sa.String(length=64), nullable=True))
    op.create_table(
        "audit_checkpoint",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    _chain()
    op.create_index("ix_audit_number", "audit", ["number"], unique=True)
    op.create_index("ix_audit_at", "audit", ["at"])
    is_postgres = op.get_bind().dialect.name == "postgresql"
    for statement in POSTGRES_GUARD if is_postgres else SQLITE_GUARD:
        op.execute(statement)


def _chain() -> None:
    """Hash the entries that are there, in the order they were written."""
    names = ("actor", "action", "entity", "entity_id")
    audit = sa.table(
        "audit",
        sa.column("id", sa.Integer()),
        sa.column("at", UtcDateTime()),
        *(sa.column(name, sa.String()) for name in names),
        sa.column("details", sa.JSON()),
        sa.column("number", sa.Integer()),
        sa.column("previous_hash", sa.String()),
        sa.column("hash", sa.String()),
    )
    bind = op.get_bind()
    update = audit.update().where(audit.c.id == sa.bindparam("entry"))
    last_id, number, last_hash = -(2**31), 0, FIRST_HASH
    while True:
        query = sa.select(audit).where(audit.c.id > last_id).order_by(audit.c.id).limit(BATCH)
        found = bind.execute(query).mappings().all()
        if not found:
            return
        changes: list[dict[str, Any]] = []
        for row in found:
            number += 1
            made = audit_hash(dict(row), number, last_hash)
            changes.append(
                {"entry": row["id"], "number": number, "previous_hash": last_hash, "hash": made}
            )
            last_id, last_hash = row["id"], made
        bind.execute(update, changes)


def _redaction() -> None:
    op.add_column("case", sa.Column("redacted_with", sa.String(length=64), nullable=True))
    op.add_column("case", sa.Column("raw_removed_at", TIME, nullable=True))
    op.create_table(
        "redaction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(length=120), nullable=False),
        sa.Column("part", sa.String(length=40), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_redaction_case_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_redaction_case_id", "redaction", ["case_id"])


def _erasure() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer", sa.String(length=64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("removed_seq", sa.Integer(), nullable=False),
        sa.Column("removed", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_erasure_customer", "erasure", ["customer"])
    op.add_column("suggestion", sa.Column("customer_mark", sa.String(length=64), nullable=True))
    op.create_index("ix_suggestion_customer_mark", "suggestion", ["customer_mark"])


def _index_cases_again() -> None:
    """The texts of cases stay; their passages are to be made of what may be shown."""
    pool = sa.Enum("article", "case", name="pool").with_variant(
        postgresql.ENUM("article", "case", name="pool", create_type=False), "postgresql"
    )
    state = sa.Enum("open", "resolved", "archived", name="casestate").with_variant(
        postgresql.ENUM("open", "resolved", "archived", name="casestate", create_type=False),
        "postgresql",
    )
    case = sa.table("case", sa.column("id", sa.String()), sa.column("state", state))
    outbox = sa.table(
        "outbox",
        sa.column("pool", pool),
        sa.column("document_id", sa.String()),
        sa.column("created_at", UtcDateTime()),
        sa.column("attempts", sa.Integer()),
        sa.column("error", sa.String()),
    )
    resolved = sa.select(
        sa.literal("case", pool),
        case.c.id,
        sa.literal(utc_now(), UtcDateTime()),
        sa.literal(0),
        sa.literal(""),
    ).where(case.c.state == "resolved")
    names = ["pool", "document_id", "created_at", "attempts", "error"]
    op.execute(outbox.insert().from_select(names, resolved.order_by(case.c.id)))

"""Searches that found nothing are gaps, too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KINDS = ("conversation", "search")


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        postgresql.ENUM(*KINDS, name="gapkind").create(bind, checkfirst=False)
    kind = sa.Enum(*KINDS, name="gapkind").with_variant(
        postgresql.ENUM(*KINDS, name="gapkind", create_type=False), "postgresql"
    )
    with op.batch_alter_table("gap") as gap:  # SQLite writes the table anew
        gap.alter_column("suggestion_id", existing_type=sa.String(), nullable=True)
        gap.add_column(sa.Column("kind", kind, nullable=False, server_default="conversation"))
        gap.add_column(sa.Column("languages", sa.JSON(), nullable=False, server_default="{}"))
        gap.add_column(sa.Column("readers", sa.JSON(), nullable=False, server_default="{}"))
    with op.batch_alter_table("gap") as gap:
        for name in ("kind", "languages", "readers"):
            gap.alter_column(name, server_default=None)

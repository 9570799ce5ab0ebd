"""Pictures of articles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_attachment_created_at", "attachment", ["created_at"])
    op.create_table(
        "attachment_giver",
        sa.Column("attachment_key", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_key"], ["attachment.key"], name="fk_attachment_giver_attachment_key"
        ),
        sa.PrimaryKeyConstraint("attachment_key", "actor"),
    )
    op.create_table(
        "attachment_use",
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("attachment_key", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name="fk_attachment_use_revision_id"
        ),
        sa.PrimaryKeyConstraint("revision_id", "attachment_key"),
    )
    op.create_index("ix_attachment_use_attachment_key", "attachment_use", ["attachment_key"])

"""Authoring: reviews, history, tasks, schedules, redirects, edits, comments, bulk changes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
NEW = {
    "reviewdecision": ("waiting", "approved", "changes_asked", "withdrawn"),
    "taskkind": ("flag", "review_due", "expired", "schedule_failed"),
    "taskstate": ("open", "done"),
    "scheduledaction": ("publish", "archive"),
    "schedulestate": ("waiting", "done", "failed", "cancelled"),
    "redirectkind": ("merged", "split_up", "renamed", "redirected"),
}


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        for name, values in NEW.items():
            postgresql.ENUM(*values, name=name).create(bind, checkfirst=False)
    op.add_column("revision", sa.Column("machine_model", sa.String(length=200), nullable=True))
    op.add_column("revision", sa.Column("checked_by", sa.String(), nullable=True))
    _reviews()
    _tasks()
    _edits()
    _comments()


def _enum(name: str) -> sa.types.TypeEngine[Any]:
    """A PostgreSQL type that is there by now; plain text on SQLite."""
    values = NEW[name]
    return sa.Enum(*values, name=name).with_variant(
        postgresql.ENUM(*values, name=name, create_type=False), "postgresql"
    )


def _reviews() -> None:
    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.String(length=120), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_of", sa.String(), nullable=True),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("revisions", sa.JSON(), nullable=False),
        sa.Column("decision", _enum("reviewdecision"), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("decision_note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_review_article_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("article_id", "asked_of", "decision"):
        op.create_index(f"ix_review_{column}", "review", [column])
    op.create_table(
        "article_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_article_change_article_id", "article_change", ["article_id"])
    op.create_table(
        "redirect",
        sa.Column("old_id", sa.String(length=120), nullable=False),
        sa.Column("article_id", sa.String(length=120), nullable=False),
        sa.Column("kind", _enum("redirectkind"), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_redirect_article_id"),
        sa.PrimaryKeyConstraint("old_id"),
    )
    op.create_index("ix_redirect_article_id", "redirect", ["article_id"])


def _tasks() -> None:
    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", _enum("taskkind"), nullable=False),
        sa.Column("document", sa.String(length=140), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("flag_id", sa.String(length=40), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("state", _enum("taskstate"), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("closed_at", TIME, nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["flag_id"], ["flag.id"], name="fk_task_flag_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key", name="uq_task_key"),
    )
    for column in ("document", "flag_id", "owner", "due_at", "state"):
        op.create_index(f"ix_task_{column}", "task", [column])
    op.create_table(
        "schedule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.String(length=120), nullable=False),
        sa.Column("action", _enum("scheduledaction"), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("revisions", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("state", _enum("schedulestate"), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("settled_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_schedule_article_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("article_id", "at", "state"):
        op.create_index(f"ix_schedule_{column}", "schedule", [column])


def _edits() -> None:
    op.create_table(
        "edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("article_id", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("base_revision_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("keywords", sa.JSON(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("machine_model", sa.String(length=200), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "actor", "article_id", "language", name="uq_edit_actor_article_id_language"
        ),
    )
    op.create_index("ix_edit_actor", "edit", ["actor"])
    op.create_index("ix_edit_article_id", "edit", ["article_id"])
    op.create_table(
        "bulk_change",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("undone_at", TIME, nullable=True),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_bulk_change_actor", "bulk_change", ["actor"])


def _comments() -> None:
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.String(length=120), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("revision_number", sa.Integer(), nullable=True),
        sa.Column("quote", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("resolved_at", TIME, nullable=True),
        sa.Column("resolved_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_comment_article_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["comment.id"], name="fk_comment_parent_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_comment_article_id", "comment", ["article_id"])
    op.create_table(
        "mention",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("seen_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name="fk_mention_comment_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_mention_user_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("comment_id", "user_id", name="uq_mention_comment_id_user_id"),
    )
    op.create_index("ix_mention_comment_id", "mention", ["comment_id"])
    op.create_index("ix_mention_user_id", "mention", ["user_id"])

"""The first schema: articles, cases, passages, suggestions, audit."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)

ENUMS = {
    "articlestate": ("draft", "in_review", "published", "archived"),
    "audience": ("internal", "customer", "public"),
    "trust": ("not_validated", "validated"),
    "governance": ("experience", "compliance"),
    "channel": ("phone", "email", "chat", "social", "self_service"),
    "casestate": ("open", "resolved", "archived"),
    "outcome": ("solved", "solved_second_contact", "compensated", "not_solved"),
    "pool": ("article", "case"),
    "role": ("customer", "agent", "system"),
    "feedbackkind": ("used", "edited", "dismissed", "wrong", "solved"),
    "gapstate": ("open", "closed"),
    "part": ("title", "body", "problem", "tried", "resolution"),
}


def upgrade() -> None:
    _enums()
    _articles()
    _cases()
    _passages()
    _suggestions()
    _records()


def _enums() -> None:
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        for name, values in ENUMS.items():
            postgresql.ENUM(*values, name=name).create(bind, checkfirst=False)


def _enum(name: str) -> sa.types.TypeEngine[Any]:
    """The PostgreSQL type made above (`pool` serves two tables); plain text on SQLite."""
    values = ENUMS[name]
    return sa.Enum(*values, name=name).with_variant(
        postgresql.ENUM(*values, name=name, create_type=False), "postgresql"
    )


def _articles() -> None:
    op.create_table(
        "article",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("original_language", sa.String(), nullable=False),
        sa.Column("state", _enum("articlestate"), nullable=False),
        sa.Column("audience", _enum("audience"), nullable=False),
        sa.Column("trust", _enum("trust"), nullable=False),
        sa.Column("governance", _enum("governance"), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("facets", sa.JSON(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("valid_from", TIME, nullable=True),
        sa.Column("valid_until", TIME, nullable=True),
        sa.Column("review_by", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "translation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=True),
        sa.Column("published_revision_id", sa.Integer(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_translation_article_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("article_id", "language", name="uq_translation_article_id_language"),
    )
    op.create_index("ix_translation_article_id", "translation", ["article_id"])
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("translation_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("keywords", sa.JSON(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("source_revision_id", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["translation_id"], ["translation.id"], name="fk_revision_translation_id"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("translation_id", "number", name="uq_revision_translation_id_number"),
    )
    op.create_index("ix_revision_translation_id", "revision", ["translation_id"])


def _cases() -> None:
    op.create_table(
        "case",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("channel", _enum("channel"), nullable=False),
        sa.Column("state", _enum("casestate"), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("facets", sa.JSON(), nullable=False),
        sa.Column("customer_ref", sa.String(), nullable=True),
        sa.Column("agent_ref", sa.String(), nullable=True),
        sa.Column("tried", sa.String(), nullable=False),
        sa.Column("resolution", sa.String(), nullable=False),
        sa.Column("outcome", _enum("outcome"), nullable=True),
        sa.Column("articles", sa.JSON(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("resolved_at", TIME, nullable=True),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_case_customer_ref", "case", ["customer_ref"])
    op.create_table(
        "case_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", _enum("role"), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_case_message_case_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id", "position", name="uq_case_message_case_id_position"),
    )
    op.create_index("ix_case_message_case_id", "case_message", ["case_id"])


def _passages() -> None:
    op.create_table(
        "passage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pool", _enum("pool"), nullable=False),
        sa.Column("document_id", sa.String(length=120), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("part", _enum("part"), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("heading", sa.String(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("embedded_text", sa.String(), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("terms", sa.String(), nullable=False),
        sa.Column("title_terms", sa.String(), nullable=False),
        sa.Column("facets", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_passage_revision_id"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_passage_document", "passage", ["pool", "document_id"])
    op.create_index("ix_passage_text_hash", "passage", ["text_hash"])
    op.create_table(
        "embedding",
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("model_id", sa.String(length=200), nullable=False),
        sa.Column("dim", sa.Integer(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("text_hash", "model_id"),
    )
    op.create_table(
        "removed_passage",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("passage_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_removed_passage_passage_id", "removed_passage", ["passage_id"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pool", _enum("pool"), nullable=False),
        sa.Column("document_id", sa.String(length=120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("done_at", TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_done_at", "outbox", ["done_at"])


def _suggestions() -> None:
    op.create_table(
        "suggestion",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("response", sa.JSON(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("nothing_known", sa.String(), nullable=True),
        sa.Column("top_document", sa.String(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("milliseconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_suggestion_created_at", "suggestion", ["created_at"])
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("suggestion_id", sa.String(), nullable=False),
        sa.Column("kind", _enum("feedbackkind"), nullable=False),
        sa.Column("document", sa.String(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=80), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["suggestion_id"], ["suggestion.id"], name="fk_feedback_suggestion_id"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idempotency_key", name="uq_feedback_idempotency_key"),
    )
    op.create_index("ix_feedback_document", "feedback", ["document", "kind"])
    op.create_index("ix_feedback_suggestion_id", "feedback", ["suggestion_id"])


def _records() -> None:
    op.create_table(
        "gap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("question_hash", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("state", _enum("gapstate"), nullable=False),
        sa.Column("suggestion_id", sa.String(), nullable=False),
        sa.Column("first_at", TIME, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["suggestion_id"], ["suggestion.id"], name="fk_gap_suggestion_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("question_hash", name="uq_gap_question_hash"),
    )
    op.create_table(
        "synonym",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_synonym_language", "synonym", ["language"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("entity_id", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_audit_entity", "audit", ["entity", "entity_id"])

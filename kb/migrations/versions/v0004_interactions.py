"""Live interactions, what agents give back, incidents, webhooks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
OLD = {
    "channel": ("phone", "email", "chat", "social", "self_service"),
    "outcome": ("solved", "solved_second_contact", "compensated", "not_solved"),
    "role": ("customer", "agent", "system"),
}
NEW = {
    "interactionstate": ("open", "handed_over", "resolved"),
    "reuse": ("used", "fixed", "flagged", "added", "nothing_reusable"),
    "interactioneventkind": (
        "opened",
        "message",
        "suggested",
        "shown",
        "feedback",
        "flagged",
        "contributed",
        "asked_colleague",
        "colleague_answered",
        "handed_over",
        "resolved",
        "reopened",
    ),
    "flagkind": ("wrong", "stale", "unclear", "duplicate", "privacy"),
    "flagstate": ("open", "closed"),
    "contributionkind": ("fix", "add"),
    "contributionstate": ("open", "taken", "refused"),
    "incidentstate": ("planned", "active", "over"),
    "severity": ("low", "medium", "high"),
    "webhookdirection": ("inbound", "outbound"),
}
FEEDBACK = ("fixed", "flagged", "added")


def upgrade() -> None:
    _enums()
    _interactions()
    _inside_interactions()
    _contributions()
    _colleagues()
    _incidents()
    _webhooks()
    _citations()
    _spent_tokens()


def _enums() -> None:
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        for name, values in NEW.items():
            postgresql.ENUM(*values, name=name).create(bind, checkfirst=False)
        for value in FEEDBACK:
            op.execute(f"ALTER TYPE feedbackkind ADD VALUE '{value}'")


def _enum(name: str) -> sa.types.TypeEngine[Any]:
    """A PostgreSQL type that is there by now; plain text on SQLite."""
    values = (OLD | NEW)[name]
    return sa.Enum(*values, name=name).with_variant(
        postgresql.ENUM(*values, name=name, create_type=False), "postgresql"
    )


def _interactions() -> None:
    op.create_table(
        "interaction",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("case_id", sa.String(), nullable=True),
        sa.Column("customer_ref", sa.String(), nullable=True),
        sa.Column("customer_name", sa.String(), nullable=True),
        sa.Column("agent_ref", sa.String(), nullable=True),
        sa.Column("channel", _enum("channel"), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("facets", sa.JSON(), nullable=False),
        sa.Column("state", _enum("interactionstate"), nullable=False),
        sa.Column("outcome", _enum("outcome"), nullable=True),
        sa.Column("resolution", sa.String(), nullable=False),
        sa.Column("reuse", _enum("reuse"), nullable=True),
        sa.Column("handed_to", sa.String(), nullable=True),
        sa.Column("handover_note", sa.String(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("closed_at", TIME, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_interaction_case_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "external_id", name="uq_interaction_source_external_id"),
    )
    op.create_index("ix_interaction_case_id", "interaction", ["case_id"])
    op.create_index("ix_interaction_customer_ref", "interaction", ["customer_ref"])
    op.create_index("ix_interaction_opened_at", "interaction", ["opened_at"])


def _inside_interactions() -> None:
    op.create_table(
        "interaction_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interaction_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("role", _enum("role"), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("edited_at", TIME, nullable=False),
        sa.Column("dated", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("text_hashes", sa.JSON(), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name="fk_interaction_message_interaction_id"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "interaction_id", "key", name="uq_interaction_message_interaction_id_key"
        ),
    )
    op.create_index(
        "ix_interaction_message_interaction_id", "interaction_message", ["interaction_id"]
    )
    op.create_table(
        "interaction_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interaction_id", sa.String(), nullable=False),
        sa.Column("kind", _enum("interactioneventkind"), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("suggestion_id", sa.String(length=40), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name="fk_interaction_event_interaction_id"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_interaction_event_interaction_id", "interaction_event", ["interaction_id"])
    op.create_index("ix_interaction_event_kind_at", "interaction_event", ["kind", "at"])
    op.add_column("suggestion", sa.Column("interaction_id", sa.String(length=40), nullable=True))
    op.add_column("suggestion", sa.Column("interaction_version", sa.Integer(), nullable=True))
    op.add_column("suggestion", sa.Column("change", sa.JSON(none_as_null=True), nullable=True))
    op.create_index(
        "ix_suggestion_interaction", "suggestion", ["interaction_id", "interaction_version"]
    )


def _contributions() -> None:
    op.create_table(
        "flag",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("document", sa.String(length=140), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("kind", _enum("flagkind"), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("suggestion_id", sa.String(), nullable=True),
        sa.Column("interaction_id", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("state", _enum("flagstate"), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("closed_at", TIME, nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("idempotency_key", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name="fk_flag_interaction_id"
        ),
        sa.ForeignKeyConstraint(["suggestion_id"], ["suggestion.id"], name="fk_flag_suggestion_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idempotency_key", name="uq_flag_idempotency_key"),
    )
    op.create_index("ix_flag_document", "flag", ["document"])
    op.create_index("ix_flag_interaction_id", "flag", ["interaction_id"])
    op.create_index("ix_flag_suggestion_id", "flag", ["suggestion_id"])
    _given()


def _given() -> None:
    op.create_table(
        "contribution",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", _enum("contributionkind"), nullable=False),
        sa.Column("document", sa.String(length=140), nullable=True),
        sa.Column("revision_number", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("suggestion_id", sa.String(), nullable=True),
        sa.Column("interaction_id", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("state", _enum("contributionstate"), nullable=False),
        sa.Column("article_id", sa.String(length=120), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("settled_at", TIME, nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("idempotency_key", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name="fk_contribution_interaction_id"
        ),
        sa.ForeignKeyConstraint(
            ["suggestion_id"], ["suggestion.id"], name="fk_contribution_suggestion_id"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idempotency_key", name="uq_contribution_idempotency_key"),
    )
    op.create_index("ix_contribution_document", "contribution", ["document"])
    op.create_index("ix_contribution_interaction_id", "contribution", ["interaction_id"])
    op.create_index("ix_contribution_suggestion_id", "contribution", ["suggestion_id"])


def _colleagues() -> None:
    op.create_table(
        "colleague_question",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("interaction_id", sa.String(), nullable=False),
        sa.Column("suggestion_id", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_of", sa.String(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("answered_at", TIME, nullable=True),
        sa.Column("idempotency_key", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["asked_of"], ["users.id"], name="fk_colleague_question_asked_of"),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name="fk_colleague_question_interaction_id"
        ),
        sa.ForeignKeyConstraint(
            ["suggestion_id"], ["suggestion.id"], name="fk_colleague_question_suggestion_id"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idempotency_key", name="uq_colleague_question_idempotency_key"),
    )
    op.create_index("ix_colleague_question_asked_of", "colleague_question", ["asked_of"])
    op.create_index(
        "ix_colleague_question_interaction_id", "colleague_question", ["interaction_id"]
    )
    op.create_index("ix_colleague_question_suggestion_id", "colleague_question", ["suggestion_id"])


def _incidents() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("state", _enum("incidentstate"), nullable=False),
        sa.Column("severity", _enum("severity"), nullable=False),
        sa.Column("countries", sa.JSON(), nullable=False),
        sa.Column("products", sa.JSON(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("match", sa.JSON(), nullable=False),
        sa.Column("more", sa.JSON(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=True),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _webhooks() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("direction", _enum("webhookdirection"), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("secret_number", sa.Integer(), nullable=False),
        sa.Column("secret_changed_at", TIME, nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("disabled_at", TIME, nullable=True),
        sa.Column("used_at", TIME, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("webhook_id", sa.String(), nullable=False),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("interaction_id", sa.String(length=40), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", TIME, nullable=True),
        sa.Column("delivered_at", TIME, nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name="fk_webhook_delivery_webhook_id"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_webhook_delivery_due", "webhook_delivery", ["delivered_at", "next_at"])
    op.create_index("ix_webhook_delivery_interaction_id", "webhook_delivery", ["interaction_id"])
    op.create_index("ix_webhook_delivery_webhook_id", "webhook_delivery", ["webhook_id"])
    op.create_table(
        "webhook_receipt",
        sa.Column("webhook_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("interaction_id", sa.String(length=40), nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name="fk_webhook_receipt_webhook_id"
        ),
        sa.PrimaryKeyConstraint("webhook_id", "message_id"),
    )
    op.create_index("ix_webhook_receipt_at", "webhook_receipt", ["at"])


def _citations() -> None:
    table = op.create_table(
        "case_article",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("article_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case.id"], name="fk_case_article_case_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", "article_id"),
    )
    op.create_index("ix_case_article_article_id", "case_article", ["article_id"])
    cases = sa.table("case", sa.column("id", sa.String), sa.column("articles", sa.JSON))
    rows = [
        {"case_id": case_id, "article_id": article_id, "position": position}
        for case_id, articles in op.get_bind().execute(sa.select(cases.c.id, cases.c.articles))
        for position, article_id in enumerate(dict.fromkeys(articles))
    ]
    if rows:
        op.bulk_insert(table, rows)


def _spent_tokens() -> None:
    op.create_table(
        "spent_token",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_spent_token_expires_at", "spent_token", ["expires_at"])

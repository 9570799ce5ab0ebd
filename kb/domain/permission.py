"""Permissions: what one may do; roles are sets of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Permission(StrEnum):
    """One thing somebody may do. Everything not given is denied."""

    ask = "suggestions.ask"
    give_feedback = "feedback.write"
    read_suggestions = "suggestions.read"
    read_articles = "articles.read"  # the public ones
    read_customer_articles = "articles.read.customer"
    read_internal_articles = "articles.read.internal"
    read_drafts = "articles.read.drafts"
    write_articles = "articles.write"
    review_articles = "articles.review"
    publish_articles = "articles.publish"
    archive_articles = "articles.archive"
    read_cases = "cases.read"
    read_raw_cases = "cases.read.raw"  # before redaction
    write_cases = "cases.write"
    archive_cases = "cases.archive"
    correct_redaction = "cases.redact"
    read_interactions = "interactions.read"
    write_interactions = "interactions.write"
    contribute = "knowledge.contribute"  # fix, flag, add; ask and answer colleagues
    read_gaps = "gaps.read"
    close_gaps = "gaps.close"
    read_insights = "insights.read"
    read_metrics = "metrics.read"
    embed = "embed.use"
    manage_users = "users.manage"
    manage_roles = "roles.manage"
    manage_keys = "keys.manage"
    manage_webhooks = "webhooks.manage"
    manage_sessions = "sessions.manage"
    read_audit = "audit.read"
    export_privacy = "privacy.export"
    erase_privacy = "privacy.erase"


Permissions = frozenset[Permission]

EVERYTHING: Permissions = frozenset(Permission)
ANONYMOUS = "anonymous"
"""The role of whoever is not signed in: a customer of whom nothing is known."""
ADMINISTRATOR = "administrator"

_P = Permission
_VISITOR = frozenset({_P.ask, _P.give_feedback, _P.read_articles})
_CUSTOMER = _VISITOR | {_P.read_customer_articles}
_AGENT = _CUSTOMER | {
    _P.read_internal_articles,
    _P.read_cases,
    _P.write_cases,
    _P.read_suggestions,
    _P.read_interactions,
    _P.write_interactions,
    _P.contribute,
    _P.read_gaps,
    _P.embed,
}
_CONTRIBUTOR = _AGENT | {_P.write_articles, _P.read_drafts, _P.correct_redaction}
_EXPERT = _CONTRIBUTOR | {_P.review_articles, _P.close_gaps}
_PUBLISHER = _EXPERT | {_P.publish_articles, _P.archive_articles, _P.archive_cases}
_MANAGER = _AGENT | {
    _P.read_drafts,
    _P.close_gaps,
    _P.read_insights,
    _P.read_metrics,
    _P.read_audit,
}

DEFAULT_ROLES: Mapping[str, Permissions] = {
    ANONYMOUS: _VISITOR,
    "customer": _CUSTOMER,
    "agent": _AGENT,
    "contributor": _CONTRIBUTOR,
    "domain_expert": _EXPERT,
    "publisher": _PUBLISHER,
    "manager": _MANAGER,
    ADMINISTRATOR: EVERYTHING,
}
"""Role -> its permissions, until an administrator sets them otherwise."""


def known_permissions(names: Iterable[str]) -> Permissions:
    """Those of the names that are permissions; one that a later version had is left out."""
    known = {str(permission): permission for permission in Permission}
    return frozenset(known[name] for name in names if name in known)

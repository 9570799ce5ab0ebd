"""Pages with a navigation of their own: who may open which, and how permissions are grouped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from api.importing import NEEDED
from kb.domain import Permission, Permissions

P = Permission


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the sub-navigation; its name is in the template."""

    key: str
    address: str
    permission: Permission
    also: Permissions = frozenset()  # needed besides
    everywhere: bool = False  # for accounts without a scope alone


SECTIONS = (
    Section("people", "/people", P.manage_users),
    Section("roles", "/people/roles", P.manage_roles),
    Section("keys", "/people/keys", P.manage_keys),
    Section("sessions", "/people/sessions", P.manage_sessions),
    Section("audit", "/people/audit", P.read_audit),
    Section("privacy", "/people/privacy", P.export_privacy),
    Section("privacy", "/people/privacy/erase", P.erase_privacy),
)

DESK = (
    Section("home", "/editor", P.read_drafts),
    Section("articles", "/editor/articles", P.read_drafts),
    Section("board", "/editor/board", P.read_drafts),
    Section("tasks", "/editor/tasks", P.read_drafts),
    Section("groups", "/editor/groups", P.read_cases),
    Section("gaps", "/editor/gaps", P.read_gaps),
    Section("import", "/editor/import", P.publish_articles, NEEDED, everywhere=True),
)
"""The editors' pages."""

GROUPS: dict[str, tuple[Permission, ...]] = {
    "answers": (P.ask, P.give_feedback, P.read_suggestions, P.embed),
    "conversations": (P.read_interactions, P.write_interactions, P.contribute),
    "articles": (
        P.read_articles,
        P.read_customer_articles,
        P.read_internal_articles,
        P.read_drafts,
        P.write_articles,
        P.review_articles,
        P.publish_articles,
        P.archive_articles,
    ),
    "cases": (
        P.read_cases,
        P.read_raw_cases,
        P.correct_redaction,
        P.write_cases,
        P.archive_cases,
    ),
    "insight": (P.read_gaps, P.close_gaps, P.read_insights, P.read_metrics),
    "people": (
        P.manage_users,
        P.manage_roles,
        P.manage_keys,
        P.manage_webhooks,
        P.manage_sessions,
        P.read_audit,
    ),
    "privacy": (P.export_privacy, P.erase_privacy),
}

OPENS_PERSONAL: Permissions = frozenset(
    {P.read_raw_cases, P.correct_redaction, P.export_privacy},
)
"""Whoever has one of these sees, or can let others see, what customers wrote of themselves."""


def sections_for(permissions: Permissions) -> tuple[Section, ...]:
    """The pages that somebody with these permissions may open, the first one of each key."""
    found: dict[str, Section] = {}
    for section in SECTIONS:
        if section.permission in permissions:
            found.setdefault(section.key, section)
    return tuple(found.values())


def desk_for(permissions: Permissions, *, is_scoped: bool = False) -> tuple[Section, ...]:
    """The editors' pages that somebody with these permissions may open: to agents, those of cases
    without an article and of questions without an answer.
    """
    return tuple(
        section
        for section in DESK
        if {section.permission, *section.also} <= permissions
        and not (section.everywhere and is_scoped)
    )


def grouped(wanted: Permissions) -> dict[str, tuple[Permission, ...]]:
    """Those of the permissions, by group; groups without any are left out."""
    found = {key: tuple(p for p in group if p in wanted) for key, group in _groups()}
    return {key: group for key, group in found.items() if group}


def _groups() -> Iterator[tuple[str, tuple[Permission, ...]]]:
    """All groups; a permission that is in none comes last, so that none is ever hidden."""
    yield from GROUPS.items()
    placed = {permission for group in GROUPS.values() for permission in group}
    yield "other", tuple(permission for permission in Permission if permission not in placed)

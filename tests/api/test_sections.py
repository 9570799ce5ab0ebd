"""Words and groups of permissions, roles and the administrators' pages."""

from __future__ import annotations

import pytest

from api.ui import i18n
from api.ui.render import environment
from api.ui.sections import GROUPS, OPENS_PERSONAL, desk_for, grouped, sections_for
from kb.domain import DEFAULT_ROLES, EVERYTHING, Permission


@pytest.mark.parametrize("language", i18n.NAMES)
def test_every_permission_role_and_section_has_words(language: str) -> None:
    texts = environment(language).from_string(
        "{% import 'people_words.html' as told with context %}"
        "{% for p in permissions %}{{ told.permission_name(p) }}|{% endfor %}//"
        "{% for g in groups %}{{ told.group_name(g) }}|{% endfor %}//"
        "{% for r in roles %}{{ told.role_told(r) }}|{% endfor %}//"
        "{% for p in personal %}{{ told.permission_warning(p) | trim }}|{% endfor %}"
    )
    parts = texts.render(
        permissions=list(Permission),
        groups=list(GROUPS),
        roles=list(DEFAULT_ROLES),
        personal=sorted(OPENS_PERSONAL),
    ).split("//")
    counts = (len(Permission), len(GROUPS), len(DEFAULT_ROLES), len(OPENS_PERSONAL))
    for part, count in zip(parts, counts, strict=True):
        words = part.rstrip("|").split("|")
        assert len(set(words)) == count
        assert all(words)
        assert not set(words) & {str(permission) for permission in Permission}


def test_every_permission_is_in_one_group_and_none_is_hidden() -> None:
    placed = [permission for group in GROUPS.values() for permission in group]
    assert sorted(placed) == sorted(EVERYTHING)
    shown = [p for group in grouped(EVERYTHING).values() for p in group]
    assert sorted(shown) == sorted(EVERYTHING)
    assert sections_for(frozenset()) == ()
    assert list(grouped(frozenset({Permission.read_audit}))) == ["people"]


def test_agents_come_to_what_opens_for_them() -> None:
    assert [one.key for one in desk_for(DEFAULT_ROLES["agent"])] == ["groups", "gaps"]
    assert desk_for(DEFAULT_ROLES["customer"]) == ()
    assert desk_for(DEFAULT_ROLES["contributor"])[0].key == "home"

"""Pictures: kept once, seen with the articles that show them, forgotten when nothing does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.articles import archive, save_article
from kb.actions.attachments import drop_unused_images, keep_image
from kb.actions.edits import EditInput, keep_edit
from kb.domain import (
    DEFAULT_ROLES,
    ArticleState,
    Attachment,
    Audience,
    AuditEntry,
    Facets,
    Principal,
    PrincipalKind,
    image_keys,
    utc_now,
)
from kb.errors import NotFound
from kb.queries.attachments import iter_images, load_image
from tests.kb.builders import article
from tests.kb.images.pictures import picture

COLOURS = iter(range(1, 256))


def somebody(role: str, actor: str = "usr_other", scope: Facets | None = None) -> Principal:
    kind = PrincipalKind.anonymous if role == "anonymous" else PrincipalKind.session
    return Principal(kind, actor, DEFAULT_ROLES[role], scope=scope or {})


def given(session: Session, actor: str = "usr_ana") -> str:
    return keep_image(session, picture(colour=(next(COLOURS), 2, 3)), "slip.png", actor)


def seen(session: Session, key: str, by: Principal) -> bool:
    try:
        return load_image(session, key, by).key == key
    except NotFound:
        return False


def test_the_same_picture_is_kept_once(session: Session) -> None:
    data = picture(colour="#123456")
    first = keep_image(session, data, "a.png", "usr_ana")
    assert keep_image(session, data, "b.png", "usr_eva") == first
    [entry] = session.scalars(select(AuditEntry).where(col(AuditEntry.entity) == "attachment"))
    assert (entry.actor, entry.action, entry.entity_id) == ("usr_ana", "create", first)
    for actor in ("usr_ana", "usr_eva"):
        assert load_image(session, first, somebody("contributor", actor)).data == data
    [kept] = iter_images(session, [first, "0" * 32 + ".png"])
    assert (kept.media_type, kept.width, kept.height) == ("image/png", 40, 30)


def test_a_picture_is_seen_with_an_article_that_shows_it(session: Session) -> None:
    key = given(session)
    reader, agent, editor = map(somebody, ("anonymous", "agent", "contributor"))
    assert not any(seen(session, key, by) for by in (reader, agent, editor))
    body = f"Look:\n\n![the slip](/images/{key})"
    save_article(session, article("slip", {"en": body}, ArticleState.draft), "usr_ana")
    assert [seen(session, key, by) for by in (reader, agent, editor)] == [False, False, True]
    internal = {"audience": Audience.internal}
    save_article(session, article("slip", {"en": body}, **internal), "usr_ana")
    assert [seen(session, key, by) for by in (reader, agent, editor)] == [False, True, True]
    save_article(session, article("slip", {"en": body}), "usr_ana")
    assert all(seen(session, key, by) for by in (reader, agent, editor))
    archive(session, "slip", "usr_ana")
    assert [seen(session, key, by) for by in (reader, agent, editor)] == [False, False, True]


def test_an_older_text_shows_its_picture_to_editors_only(session: Session) -> None:
    key = given(session)
    save_article(session, article("slip", {"en": f"![x](/images/{key})"}), "usr_ana")
    save_article(session, article("slip", {"en": "Without."}), "usr_ana")
    assert not seen(session, key, somebody("agent"))
    assert seen(session, key, somebody("contributor"))


def test_scope_narrows_what_is_seen(session: Session) -> None:
    key = given(session)
    body = {"en": f"![x](/images/{key})"}
    save_article(session, article("slip", body, facets={"country": ["PL"]}), "usr_ana")
    for role in ("agent", "contributor"):
        assert seen(session, key, somebody(role, scope={"country": ["PL"]}))
        assert not seen(session, key, somebody(role, scope={"country": ["SI"]}))


def test_strangers_see_nothing_by_having_given_it(session: Session) -> None:
    key = given(session, actor="anonymous")
    assert not seen(session, key, somebody("anonymous", "anonymous"))


def test_what_nothing_shows_is_forgotten(session: Session) -> None:
    used, typed, unused = (given(session) for _ in range(3))
    save_article(session, article("slip", {"en": f"![x](/images/{used})"}), "usr_ana")
    text = EditInput("new-one", "en", body=f"see ![x](/images/{typed})")
    keep_edit(session, text, "usr_ana")
    assert drop_unused_images(session, utc_now() - timedelta(days=1)) == 0
    assert drop_unused_images(session, utc_now() + timedelta(seconds=1)) == 1
    session.expire_all()
    assert set(session.scalars(select(col(Attachment.key)))) == {used, typed}
    assert not seen(session, unused, somebody("contributor", "usr_ana"))


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("![a](/images/{0}) and ![b](/images/{1}) and again /images/{0}", [0, 1]),
        ('![a](/images/{0} "the slip")', [0]),
        ("[ref]: /images/{1}\n![a][ref]", [1]),
        ("https://elsewhere.example/images/{0}", []),
        ("/other/images/{0} /images/{0}.exe /images/{0}x", []),
        ("/images/../images/short.png", []),
    ],
)
def test_pictures_of_a_text(body: str, found: list[int]) -> None:
    keys = ["0123456789abcdef" * 2 + ".png", "fedcba9876543210" * 2 + ".webp"]
    assert image_keys(body.format(*keys)) == [keys[n] for n in found]

"""One language saved on what it was made from, restored, and kept while it is being typed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.actions.article_input import TranslationInput
from kb.actions.articles import save_article
from kb.actions.edits import EditInput, keep_edit
from kb.actions.saved import SaveStatus
from kb.actions.texts import drop_edit, restore_text, save_text
from kb.domain import Audience, Edit
from kb.errors import Conflict, InvalidInput, NotFound
from kb.queries.articles import get_article_view, load_article
from kb.queries.edits import list_edits, load_edit, who_edits
from kb.queries.revisions import compare_revisions, list_revisions, read_revision
from tests.kb.builders import article, audited

KEY = "wrong-postcode"
BODY = "One.\n\nSend it in 14 days to us.\n\nLast."


def text(body: str, language: str = "en", **changes: object) -> TranslationInput:
    return TranslationInput(language, f"Title {language}", body, **changes)  # type: ignore[arg-type]


def bodies(session: Session) -> dict[str, str]:
    return {t.language: t.body for t in load_article(session, KEY).translations}


def test_a_text_is_saved_on_the_revision_it_was_made_from(session: Session) -> None:
    save_article(session, article(texts={"en": "One"}), "eva")
    saved = save_text(session, KEY, text("Two", note="why"), "jan", base_number=1)
    assert saved.status == SaveStatus.changed
    assert get_article_view(session, KEY, Audience.public).translations[0].body == "One"
    assert save_text(session, KEY, text("Two"), "jan", base_number=1).status == "unchanged"
    save_text(session, KEY, text("Egy", "hu"), "iva", base_number=0)
    assert bodies(session) == {"en": "Two", "hu": "Egy"}
    assert [action for action, _ in audited(session)] == ["create", "save", "save"]


def test_of_two_who_save_at_once_the_second_is_shown_both_texts(session: Session) -> None:
    save_article(session, article(texts={"en": BODY}), "eva")
    save_text(session, KEY, text(BODY.replace("Last", "Very last")), "jan", base_number=1)
    mine = text(BODY.replace("14", "30"))
    with pytest.raises(Conflict, match="revision 2") as caught:
        save_text(session, KEY, mine, "iva", base_number=1)
    told = caught.value.details
    assert told["yours"]["body"] == mine.body  # type: ignore[index]
    assert told["saved"]["body"] == bodies(session)["en"]  # type: ignore[index]
    assert told["conflicts"] == 0
    merged = told["merged"]["body"]  # type: ignore[index]
    assert merged == "One.\n\nSend it in 30 days to us.\n\nVery last."
    save_text(session, KEY, text(merged), "iva", base_number=2)
    assert bodies(session)["en"] == merged


def test_a_base_that_never_was_is_refused(session: Session) -> None:
    save_article(session, article(texts={"en": "One"}), "eva")
    with pytest.raises(Conflict, match="as new"):
        save_text(session, KEY, text("Egy", "hu"), "eva", base_number=3)
    with pytest.raises(NotFound):
        save_text(session, "never-was", text("One"), "eva", base_number=0)


def test_a_translation_notes_the_revision_it_was_made_from(session: Session) -> None:
    save_article(session, article(texts={"en": "One"}), "eva")
    save_text(session, KEY, text("Two"), "eva", base_number=1)
    save_text(session, KEY, text("Egy", "hu"), "iva", base_number=0, source_number=1)
    [line] = list_revisions(session, KEY, "hu").items
    assert line.source_number == 1
    with pytest.raises(NotFound, match="revision 9"):
        save_text(session, KEY, text("Kettő", "hu"), "iva", base_number=1, source_number=9)


def test_an_old_revision_comes_back_as_a_new_one(session: Session) -> None:
    save_article(session, article(texts={"en": "One"}), "eva")
    save_text(session, KEY, text("Two"), "jan", base_number=1)
    restore_text(session, KEY, "en", 1, "iva", note="the change was wrong")
    lines = list_revisions(session, KEY, "en").items
    assert [(x.number, x.author, x.note, x.is_latest, x.is_published) for x in lines] == [
        (3, "iva", "the change was wrong", True, False),
        (2, "jan", "", False, False),
        (1, "eva", "", False, True),
    ]
    assert read_revision(session, KEY, "en", 3).body == "One"
    assert restore_text(session, KEY, "en", 3, "iva").status == SaveStatus.unchanged
    for language, number in (("en", 9), ("hu", 1)):
        with pytest.raises(NotFound):
            restore_text(session, KEY, language, number, "iva")


def test_revisions_are_compared(session: Session) -> None:
    save_article(session, article(texts={"en": BODY}), "eva")
    changed = replace(text(BODY.replace("14", "30")), title="Other", keywords=("form",))
    save_text(session, KEY, changed, "jan", base_number=1)
    found = compare_revisions(session, KEY, "en", 1, 2)
    assert [block.kind for block in found.body] == ["equal", "changed", "equal"]
    assert found.keywords_added == ("form",)
    assert "[-14-]{+30+}" in found.text
    assert {span.kind for span in found.title} == {"removed", "added"}
    with pytest.raises(NotFound, match="revision 7"):
        compare_revisions(session, KEY, "en", 1, 7)


def typed(body: str, after: int = 0, **changes: object) -> EditInput:
    return EditInput(KEY, "en", "Title en", body=body, after=after, **changes)  # type: ignore[arg-type]


def test_keystrokes_are_kept_and_may_be_sent_twice(session: Session) -> None:
    save_article(session, article(texts={"en": "One"}), "eva")
    first = keep_edit(session, typed("One t", base_number=1), "eva")
    assert (first.sequence, first.moved_on) == (1, False)
    again = keep_edit(session, typed("One tw", 1, base_number=1), "eva")
    assert keep_edit(session, typed("One tw", 1, base_number=1), "eva") == again
    kept = load_edit(session, KEY, "en", "eva")
    assert (kept.body, kept.line.sequence, kept.line.base_number) == ("One tw", 2, 1)
    assert [e.actor for e in who_edits(session, KEY, "jan")] == ["eva"]
    save_text(session, KEY, text("One two"), "eva", base_number=1)
    assert list_edits(session, "eva").total == 0
    assert not drop_edit(session, KEY, "en", "eva")


def test_two_tabs_lose_nothing(session: Session) -> None:
    save_article(session, article(texts={"en": BODY}), "eva")
    keep_edit(session, typed(BODY.replace("One", "First"), base_number=1), "eva")
    with pytest.raises(Conflict, match="another tab") as caught:
        keep_edit(session, typed(BODY.replace("Last", "End"), base_number=1), "eva")
    told = caught.value.details
    assert told["sequence"] == 1
    merged = told["merged"]["body"]  # type: ignore[index]
    assert merged == BODY.replace("One", "First").replace("Last", "End")
    assert load_edit(session, KEY, "en", "eva").body == BODY.replace("One", "First")
    keep_edit(session, typed(merged, 1, base_number=1), "eva")
    assert load_edit(session, KEY, "en", "eva").body == merged


def test_a_tab_that_missed_a_saved_version_writes_over_nothing(session: Session) -> None:
    """Another tab saved, and typed on until its count was the one this tab remembers."""
    save_article(session, article(texts={"en": BODY}), "eva")
    first = keep_edit(session, typed("One t", base_number=1), "eva")
    save_text(session, KEY, text(BODY + " More."), "eva", base_number=1)
    after = 0
    while after != first.sequence:
        body = f"{BODY} More {after}"
        after = keep_edit(session, typed(body, after, base_number=2), "eva").sequence
    with pytest.raises(Conflict) as caught:
        keep_edit(session, typed("One two", first.sequence, base_number=1), "eva")
    told = caught.value.details
    assert (told["sequence"], told["base_number"]) == (after, 2)


def test_what_others_saved_meanwhile_is_told_while_typing(session: Session) -> None:
    save_article(session, article(texts={"en": "One"}), "eva")
    keep_edit(session, typed("One t", base_number=1), "eva")
    save_text(session, KEY, text("Two"), "jan", base_number=1)
    assert keep_edit(session, typed("One th", 1, base_number=1), "eva").moved_on
    assert load_edit(session, KEY, "en", "eva").line.moved_on


def test_an_article_to_come_can_be_begun(session: Session) -> None:
    keep_edit(session, EditInput("to-come", "pl", body="Na początku"), "eva")
    assert load_edit(session, "to-come", "pl", "eva").line.latest_number == 0
    with pytest.raises(InvalidInput):
        keep_edit(session, EditInput("Not A Key", "pl"), "eva")
    with pytest.raises(InvalidInput, match="NUL"):
        keep_edit(session, EditInput("to-come", "pl", body="a\0"), "eva")
    assert len(session.scalars(select(Edit)).all()) == 1

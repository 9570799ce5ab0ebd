"""Articles by language: missing, outdated, unchecked; and the machine's proposal."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from kb.actions.article_input import TranslationInput
from kb.actions.articles import archive, publish, save_article
from kb.actions.edits import EditInput, keep_edit
from kb.actions.languages import confirm_translation
from kb.actions.reviews import approve, submit
from kb.actions.texts import restore_text, save_text
from kb.assist.translate import ProposedText, propose_translation
from kb.domain import Audience
from kb.errors import Conflict, GeneratorError, InvalidInput, NotFound
from kb.queries.articles import get_article_view
from kb.queries.languages import BoardFilters, LanguageStatus, load_board, load_source_change
from tests.kb.builders import article

KEY = "wrong-postcode"
LANGUAGES = ("en", "pl", "hu")


def statuses(session: Session, key: str = KEY) -> list[str]:
    [row] = [row for row in load_board(session, LANGUAGES).page.items if row.id == key]
    return [str(cell.status) for cell in row.cells]


def save(session: Session, language: str, body: str, base: int, **given: int) -> None:
    text = TranslationInput(language, f"Title {language}", body)
    save_text(session, KEY, text, "eva", base_number=base, **given)


def test_a_translation_is_outdated_when_its_original_moves_on(session: Session) -> None:
    save_article(session, article(texts={"en": "One.\n\nTwo.", "pl": "Jeden.\n\nDwa."}), "eva")
    assert statuses(session) == ["original", "current", "missing"]
    save(session, "en", "One.\n\nTwo or three.", 1)
    assert statuses(session) == ["original", "outdated", "missing"]
    change = load_source_change(session, KEY, "pl")
    assert change.diff is not None
    assert [block.kind for block in change.diff.body] == ["equal", "changed"]
    assert change.translated == ("Jeden.", "Dwa.")
    save(session, "pl", "Jeden.\n\nDwa lub trzy.", 1)
    assert statuses(session)[1] == "current"
    assert load_source_change(session, KEY, "pl").diff is None


def test_the_original_put_back_needs_no_new_translation(session: Session) -> None:
    save_article(session, article(texts={"en": "One", "pl": "Jeden"}), "eva")
    save(session, "en", "Two", 1)
    restore_text(session, KEY, "en", 1, "eva")
    assert statuses(session)[1] == "current"


def test_a_translation_may_be_right_as_it_is(session: Session) -> None:
    save_article(session, article(texts={"en": "One", "pl": "Jeden"}), "eva")
    save(session, "en", "One!", 1)
    with pytest.raises(Conflict, match="revision 1"):
        confirm_translation(session, KEY, "pl", "iva", number=2)
    confirm_translation(session, KEY, "pl", "iva", number=1, note="only a mark")
    assert statuses(session)[1] == "current"
    assert confirm_translation(session, KEY, "pl", "iva", number=1).status == "unchanged"
    with pytest.raises(InvalidInput, match="original"):
        confirm_translation(session, KEY, "en", "iva", number=2)
    with pytest.raises(NotFound):
        confirm_translation(session, KEY, "hu", "iva", number=1)


def test_the_board_counts_pages_and_filters(session: Session) -> None:
    save_article(session, article("a", texts={"en": "One", "pl": "Jeden"}), "eva")
    save_article(session, article("b", texts={"pl": "Dwa"}), "eva")
    save_article(session, article("c", facets={"product": ["home"]}), "eva")
    save_article(session, article("gone"), "eva")
    archive(session, "gone", "eva")
    board = load_board(session, LANGUAGES)
    assert [row.id for row in board.page.items] == ["a", "b", "c"]
    assert board.counts["pl"][LanguageStatus.missing] == 1
    assert board.counts["hu"][LanguageStatus.missing] == 3
    missing = load_board(session, ["pl"], BoardFilters(LanguageStatus.missing))
    assert [row.id for row in missing.page.items] == ["c"]
    scoped = load_board(session, LANGUAGES, scope={"product": ["locker"]})
    assert [row.id for row in scoped.page.items] == ["a", "b"]


def test_what_a_machine_proposed_is_marked_until_somebody_has_read_it(session: Session) -> None:
    save_article(session, article(texts={"en": "One"}), "eva")
    keep_edit(session, EditInput(KEY, "hu", "Cím", body="Egy"), "eva", machine_model="m")
    save(session, "hu", "Egy.", 0)
    assert statuses(session)[2] == "unchecked"
    with pytest.raises(Conflict, match="machine"):
        publish(session, KEY, ["hu"], "eva")
    publish(session, KEY, ["en"], "eva")
    confirm_translation(session, KEY, "hu", "iva", number=1)
    assert statuses(session)[2] == "current"
    publish(session, KEY, ["hu"], "eva")
    view = get_article_view(session, KEY, Audience.public)
    assert [t.language for t in view.translations] == ["en", "hu"]


def test_a_review_reads_the_machines_words(session: Session) -> None:
    save_article(session, article(texts={"en": "One"}), "eva")
    keep_edit(session, EditInput(KEY, "hu", "Cím", body="Egy"), "eva", machine_model="m")
    save(session, "hu", "Egy.", 0)
    submit(session, KEY, "eva")
    approve(session, KEY, "jan", publish=True)
    assert statuses(session)[2] == "current"


class Words:
    """A generator that answers with a rule."""

    def __init__(self, answer: str | None = None) -> None:
        self.answer, self.asked = answer, 0

    def generate(self, prompt: str) -> str:
        self.asked += 1
        part = prompt.split("-----\n")[1]
        return part.upper() if self.answer is None else self.answer


def test_a_proposal_keeps_what_is_no_prose() -> None:
    text = ProposedText("Title", "", "One.\n\n```\ncode\n```\n\n| a | b |")
    found = propose_translation(Words(), text, "en", "hu")
    assert found == ProposedText("TITLE", "", "ONE.\n\n```\ncode\n```\n\n| a | b |")


@pytest.mark.parametrize("answer", ["", "x" * 1000, "a\0b"])
def test_an_unusable_proposal_is_none(answer: str) -> None:
    with pytest.raises(GeneratorError):
        propose_translation(Words(answer), ProposedText("Title", "", "One."), "en", "hu")

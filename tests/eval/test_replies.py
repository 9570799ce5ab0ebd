"""The questions whose replies are looked at."""

from __future__ import annotations

from collections import Counter

from eval.replies import CALIBRATION, KeyedQuestion, read_keyed_questions
from eval.splits import Split
from kb.assist.excerpt import units_of
from kb.config import get_settings


def test_a_reply_answers_with_any_of_the_key_sentences() -> None:
    question = KeyedQuestion("en-1", "en", "Where is it?", "where", ("In the box.", "At home."))
    assert question.is_answered_by("Hello,\n\nAt home. Bye")
    assert not question.is_answered_by("Hello,\n\nNowhere.")
    assert not question.is_answered_by("")


def test_every_key_sentence_can_be_quoted_from_its_article() -> None:
    """An article that is edited would otherwise make its questions unanswerable unseen."""
    content = get_settings().content_dir
    for question in read_keyed_questions(CALIBRATION):
        body = (content / question.language / f"{question.article}.md").read_text("utf-8")
        said = [unit.text for unit in units_of(body.split("---\n", 2)[2], question.language)]
        for answer in question.answers:
            assert any(answer in text for text in said), (question.id, answer)


def test_both_halves_and_all_languages_are_asked() -> None:
    questions = read_keyed_questions(CALIBRATION)
    assert len(questions) == len({question.id for question in questions}) >= 80
    assert set(Counter(question.language for question in questions).values()) == {17}
    assert sum(Split.dev.has(question.id) for question in questions) >= 35

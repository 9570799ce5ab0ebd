"""What flags, contributions and questions have in common: what they are about, and the words."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.checks import check_language, check_text
from kb.actions.redirect_rows import current_document
from kb.actions.suggestions import MAX_KEY, FeedbackInput, record_feedback
from kb.db import settings_of
from kb.domain import FeedbackKind, Interaction, Principal, Suggestion, in_scope
from kb.errors import InvalidInput, NotFound
from kb.queries.redactions import hide, names_in, rules_of
from kb.queries.sight import check_seen
from kb.text.language import detect

MAX_WORDS = 20_000  # characters


@dataclass(frozen=True, slots=True)
class About:
    """The interaction it was given in, and the answer it is about.

    `suggestion_id` is one of the interaction, or of a search beside it. `revision` is the number
    of the revision that was read; `position` the place of the answer, from 0.
    """

    interaction_id: str
    suggestion_id: str | None = None
    document: str | None = None
    revision: int | None = None
    position: int | None = None
    idempotency_key: str | None = None


def current_about(session: Session, about: About) -> About:
    """The same of the article that the one named went into meanwhile."""
    document = current_document(session, about.document)
    return about if document == about.document else replace(about, document=document, revision=None)


def check_about(session: Session, about: About, by: Principal) -> Interaction:
    """The interaction, with everything named seen by `by`. Raises NotFound, InvalidInput."""
    key = about.idempotency_key
    if key is not None:
        check_text(key, "idempotency_key", needed=True)
        if len(key) > MAX_KEY:
            raise InvalidInput(f"An idempotency key has at most {MAX_KEY} characters.")
    if about.position is not None and not 0 <= about.position < 1000:
        raise InvalidInput("The position of an answer is a number from 0 to 999.")
    if about.revision is not None and not 1 <= about.revision < 1_000_000_000:
        raise InvalidInput("The number of a revision is 1 or more.")
    interaction = session.get(Interaction, about.interaction_id)
    if interaction is None or not in_scope(interaction.facets, by.scope):
        raise NotFound(f"There is no interaction {about.interaction_id[:60]!r}: open one first.")
    if about.suggestion_id is not None:
        suggestion = session.get(Suggestion, about.suggestion_id)
        if suggestion is None or suggestion.interaction_id not in (None, interaction.id):
            raise NotFound(
                f"There is no suggestion {about.suggestion_id[:60]!r} in this interaction: cite"
                " the id that came with the suggestion, or none."
            )
    if about.document is not None:
        check_seen(session, about.document, by)
    return interaction


def language_of(session: Session, text: str, given: str | None, interaction: Interaction) -> str:
    """The language named, else the text's own by its words, else the interaction's."""
    if given is not None:
        check_language(given)
        return given
    settings = settings_of(session)
    hint = interaction.language
    if settings is None:
        return hint or "en"
    return detect(text, settings.languages, hint or settings.default_language).language


def kept_text(session: Session, text: str, language: str, interaction: Interaction) -> str:
    """The text with what is personal hidden, the customer's name too."""
    names = (*names_in(interaction.customer_ref, None), *names_in(interaction.customer_name, None))
    return hide(text.strip(), language, rules_of(session), names)


def check_words(text: str, field: str, *, needed: bool = False) -> None:
    """Raises InvalidInput on what cannot be stored, is too long, or is blank where needed."""
    check_text(text, field, needed=needed)
    if len(text) > MAX_WORDS:
        raise InvalidInput(f"{field} has more than {MAX_WORDS:,} characters: shorten it.")


def note_feedback(session: Session, about: About, kind: FeedbackKind, reason: str, by: str) -> None:
    """The same against the suggestion, for figures and ranking; nothing without one."""
    if about.suggestion_id is None:
        return
    feedback = FeedbackInput(kind, about.document, about.position, reason, actor=by)
    record_feedback(session, about.suggestion_id, feedback)


def raise_sequence(session: Session, interaction_id: str) -> None:
    """What viewers see of the interaction is new."""
    named = col(Interaction.id) == interaction_id
    raised = {"sequence": col(Interaction.sequence) + 1}
    session.execute(update(Interaction).where(named).values(raised))

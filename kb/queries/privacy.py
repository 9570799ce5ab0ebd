"""What is held of one customer, wherever it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    Article,
    Case,
    CaseMessage,
    Erasure,
    Gap,
    Role,
    Suggestion,
    Synonym,
    User,
    utc_now,
)
from kb.errors import InvalidInput
from kb.queries.privacy_authoring import find_traces_in_texts
from kb.queries.privacy_interactions import (
    batches,
    cases_of,
    interactions_of,
    left_in_interactions,
    references,
    said_in,
    suggestions_of,
)
from kb.queries.privacy_texts import Place, Without, row_at, texts_but
from kb.queries.redactions import hide, names_in, rules_of
from kb.secret_key import Marks

LEAST = 4  # characters of a text to look for
QUOTED = 20  # characters from which on the same message is no chance
COMPARED = 300  # characters of a message that are compared
BATCH = 500
Question = tuple[str, str]  # language, plain words
_MASK = re.compile(r"\[[^\[\]\n]{1,40}\]")


class MaskedText(BaseModel):
    """Places in a text of somebody else that name the customer.

    `place` is table, key and field; `was` a keyed hash of the text: a text that has changed
    since, or was masked already, does not fit it any more.
    """

    model_config = ConfigDict(frozen=True)

    place: Place
    was: str
    spans: tuple[tuple[int, int], ...]
    quotes: tuple[tuple[int, int], ...] = ()  # what repeats the customer's case, word by word


class ErasurePlan(BaseModel):
    """What is to be erased: all that is marked as the customer's at `at`, and what is listed.

    Holds no text and no reference, so that it may be kept.
    """

    model_config = ConfigDict(frozen=True)

    at: datetime
    customer: str  # Marks.customer of the reference
    audited: str  # Marks.audited of it
    suggestions: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()  # Marks.customer of their question's hash
    masks: tuple[MaskedText, ...] = ()
    left: tuple[str, ...] = ()  # articles that a person has to look at


@dataclass(frozen=True, slots=True)
class Planned:
    """The rows that a plan means, as they are now."""

    cases: tuple[str, ...]
    interactions: tuple[str, ...]
    suggestions: tuple[str, ...]
    gaps: tuple[int, ...]  # to be deleted
    moved_gaps: tuple[tuple[int, str], ...]  # asked by others too: the gap, and their suggestion
    masks: tuple[MaskedText, ...]

    @property
    def is_empty(self) -> bool:
        return not any(getattr(self, name) for name in self.__slots__)


def plan_erasure(
    session: Session, marks: Marks, customer_ref: str, also: Sequence[str] = ()
) -> ErasurePlan:
    """All that is held of a customer now.

    Found are cases, interactions and suggestions with this reference, suggestions and searches
    that repeat a message of those, texts of authors that quote them, and, for each text in `also`
    (an address, a number, a name), suggestions and gaps that hold it and the places where cases
    and interactions of others and articles do.
    Raises InvalidInput when a text is so short that it would be found everywhere.
    """
    if not customer_ref.strip():
        raise InvalidInput("Say which customer: give the reference that the cases carry.")
    wanted = _pattern(also)
    mark, at = marks.customer(customer_ref), utc_now()
    plan = ErasurePlan(at=at, customer=mark, audited=marks.audited(customer_ref))
    cases, interactions = _held(session, plan, [customer_ref])
    said = _messages_of(session, cases, interactions)
    suggestions = tuple(_suggestions(session, said, wanted)) if said or wanted else ()
    theirs = set(suggestions) | _marked_suggestions(session, plan)
    plan = with_quotes(session, marks, plan, cases, interactions, theirs)
    gaps = set(plan.gaps)
    if wanted:
        rows = session.execute(select(col(Gap.question), col(Gap.question_hash)))
        gaps |= {marks.customer(found) for text, found in rows if wanted.search(text)}
        named = _masks(session, marks, wanted, Without(cases, interactions))
        plan = plan.model_copy(update={"masks": _together(plan.masks, tuple(named))})
    return plan.model_copy(update={"suggestions": suggestions, "gaps": tuple(sorted(gaps))})


def with_quotes(
    session: Session,
    marks: Marks,
    plan: ErasurePlan,
    cases: Collection[str],
    interactions: Collection[str],
    suggestions: Collection[str],
) -> ErasurePlan:
    """The plan with texts of authors and searches that repeat something of these now.

    For an older copy it is made again: other texts stood there.
    """
    traces = find_traces_in_texts(session, cases, interactions, suggestions)
    gaps = tuple(sorted({*plan.gaps, *map(marks.customer, traces.searches)}))
    quoted = tuple(
        MaskedText(
            place=trace.place,
            was=marks.customer(trace.text),
            spans=trace.names,
            quotes=trace.quotes,
        )
        for trace in traces.found
    )
    return plan.model_copy(
        update={"masks": _together(plan.masks, quoted), "left": traces.left, "gaps": gaps}
    )


def marked_refs(session: Session, marks: Marks) -> dict[str, list[str]]:
    """The references there are, by their mark: no plan knows a reference itself."""
    found: dict[str, list[str]] = {}
    refs = select(col(Case.customer_ref)).where(col(Case.customer_ref).is_not(None)).distinct()
    for ref in sorted({*filter(None, session.scalars(refs)), *references(session)}):
        found.setdefault(marks.customer(ref), []).append(ref)
    return found


def find_planned(
    session: Session, marks: Marks, plan: ErasurePlan, refs: Mapping[str, list[str]] | None = None
) -> Planned:
    """The rows a plan means that are still there; later ones of the same customer are not meant.

    `refs` is what `marked_refs` gives, for callers with many plans.
    """
    refs = marked_refs(session, marks) if refs is None else refs
    cases, interactions = _held(session, plan, refs.get(plan.customer, []))
    suggestions = _marked_suggestions(session, plan) | suggestions_of(session, interactions)
    for batch in batches(plan.suggestions):
        listed = select(col(Suggestion.id)).where(col(Suggestion.id).in_(batch))
        suggestions |= set(session.scalars(listed))
    gone, moved = _gaps(session, marks, plan, suggestions)
    masks = tuple(m for m in plan.masks if _fits(session, marks, m))
    return Planned(
        tuple(sorted(cases)),
        tuple(sorted(interactions)),
        tuple(sorted(suggestions)),
        gone,
        moved,
        masks,
    )


def find_left(session: Session, also: Sequence[str]) -> tuple[str, ...]:
    """Where these texts stand that an erasure does not change: for a person to decide."""
    wanted = _pattern(also)
    if wanted is None:
        return ()
    found: list[str] = []
    for user in session.scalars(select(User)):
        if wanted.search(f"{user.email}\n{user.name}"):
            found.append(f"the account {user.id}")
    for article in session.scalars(select(Article)):
        if any(wanted.search(text) for text in _strings([article.tags, article.facets])):
            found.append(f"tags or facets of the article {article.id}")
    for case_id, facets in session.execute(select(col(Case.id), col(Case.facets))):
        if any(wanted.search(text) for text in _strings(facets)):
            found.append(f"facets of the case {case_id}")
    found += left_in_interactions(session, wanted)
    for synonym in session.scalars(select(Synonym)):
        if any(wanted.search(word) for word in synonym.words):
            found.append(f"synonyms of {synonym.language}")
    return tuple(found)


def erased_seq(session: Session) -> int:
    """Snapshots that reach less far than this may hold something of an erased customer."""
    return session.scalar(select(func.max(col(Erasure.removed_seq)))) or 0


def _held(session: Session, plan: ErasurePlan, refs: Sequence[str]) -> tuple[set[str], set[str]]:
    """Cases and interactions of the customer: of a conversation neither stays without the other."""
    query = select(col(Case.id)).where(
        col(Case.customer_ref).in_(refs), col(Case.updated_at) <= plan.at
    )
    cases = set(session.scalars(query)) if refs else set()
    interactions = interactions_of(session, plan.at, refs, cases)
    cases |= cases_of(session, interactions)
    return cases, interactions | interactions_of(session, plan.at, (), cases)


def _messages_of(session: Session, cases: set[str], interactions: set[str]) -> set[str]:
    """What the customer wrote in these, in the form that suggestions are compared in."""
    rules, found = rules_of(session), set()
    for text, language, customer, agent in _said(session, cases, interactions):
        names = names_in(customer, agent)
        found |= {_compared(text), _compared(hide(text, language, rules))}
        found.add(_compared(hide(text, language, rules, names)))
    return {text for text in found if len(text) >= QUOTED}


def _said(
    session: Session, cases: set[str], interactions: set[str]
) -> Iterator[tuple[str, str, str | None, str | None]]:
    for batch in batches(sorted(cases)):
        query = (
            select(
                col(CaseMessage.text),
                col(Case.language),
                col(Case.customer_ref),
                col(Case.agent_ref),
            )
            .join(Case, col(Case.id) == col(CaseMessage.case_id))
            .where(col(Case.id).in_(batch), col(CaseMessage.role) == Role.customer)
        )
        yield from map(tuple, session.execute(query))
    yield from said_in(session, interactions)


def _suggestions(session: Session, said: set[str], wanted: re.Pattern[str] | None) -> Iterator[str]:
    """Suggestions that repeat what was said, or hold a text that is looked for."""
    last = ""
    while True:
        query = select(
            col(Suggestion.id),
            col(Suggestion.query),
            col(Suggestion.request),
            col(Suggestion.response),
            col(Suggestion.change),
        )
        page = query.where(col(Suggestion.id) > last).order_by(col(Suggestion.id)).limit(BATCH)
        rows = session.execute(page).all()
        if not rows:
            return
        for suggestion_id, asked, request, response, change in rows:
            messages = request.get("messages", []) if isinstance(request, dict) else []
            texts = [m.get("text", "") for m in messages if m.get("role") == "customer"]
            if any(_compared(text) in said for text in texts) or (
                wanted
                and any(wanted.search(t) for t in _strings([asked, request, response, change]))
            ):
                yield suggestion_id
        last = rows[-1][0]


def _gaps(
    session: Session, marks: Marks, plan: ErasurePlan, suggestions: set[str]
) -> tuple[tuple[int, ...], tuple[tuple[int, str], ...]]:
    """Gaps to delete, and gaps whose suggestion goes while somebody else asked the same."""
    listed, gone = set(plan.gaps), []
    if not listed and not suggestions:
        return (), ()
    citing: dict[Question, int] = {}
    for gap in session.scalars(select(Gap)):
        assert gap.id is not None
        if listed and marks.customer(gap.question_hash) in listed:
            gone.append(gap.id)
        elif gap.suggestion_id in suggestions:
            citing[_question(gap.question, gap.language)] = gap.id
    others = _askers(session, set(citing), suggestions) if citing else {}
    moved = tuple((gap_id, others[asked]) for asked, gap_id in citing.items() if asked in others)
    gone += [gap_id for asked, gap_id in citing.items() if asked not in others]
    return tuple(sorted(gone)), moved


def _askers(session: Session, questions: set[Question], without: set[str]) -> dict[Question, str]:
    """The last suggestion, of those that stay, that had no answer to each question."""
    query = (
        select(
            col(Suggestion.id),
            col(Suggestion.language),
            col(Suggestion.query),
            col(Suggestion.response),
        )
        .where(col(Suggestion.nothing_known).is_not(None))
        .order_by(col(Suggestion.created_at))
    )
    found: dict[Question, str] = {}
    for suggestion_id, language, asked, response in session.execute(query):
        focus = response.get("focus") if isinstance(response, dict) else ""
        question = _question(focus or asked, language)
        if question in questions and suggestion_id not in without:
            found[question] = suggestion_id
    return found


def _question(text: str, language: str) -> Question:
    """Equal for questions that count as one gap."""
    return language, " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _masks(
    session: Session, marks: Marks, wanted: re.Pattern[str], without: Without
) -> Iterator[MaskedText]:
    """Where texts of others, of feedback and of articles hold what is looked for."""
    for place, text in texts_but(session, without):
        spans = tuple(match.span() for match in wanted.finditer(text))
        if spans:
            yield MaskedText(place=place, was=marks.customer(text), spans=spans)


def _marked_suggestions(session: Session, plan: ErasurePlan) -> set[str]:
    """Those asked for with the customer's reference."""
    by_mark = select(col(Suggestion.id)).where(
        col(Suggestion.customer_mark) == plan.customer, col(Suggestion.created_at) <= plan.at
    )
    return set(session.scalars(by_mark))


def _together(some: tuple[MaskedText, ...], more: tuple[MaskedText, ...]) -> tuple[MaskedText, ...]:
    """Each text once, as it is masked in one go."""
    found = {(mask.place, mask.was): mask for mask in some}
    for mask in more:
        other = found.get((mask.place, mask.was))
        if other is not None:
            spans = tuple(sorted({*other.spans, *mask.spans}))
            quotes = tuple(sorted({*other.quotes, *mask.quotes}))
            mask = mask.model_copy(update={"spans": spans, "quotes": quotes})
        found[mask.place, mask.was] = mask
    return tuple(found.values())


def _fits(session: Session, marks: Marks, mask: MaskedText) -> bool:
    found = row_at(session, mask.place)
    return found is not None and marks.customer(found[1]) == mask.was


def _pattern(also: Sequence[str]) -> re.Pattern[str] | None:
    """The texts as whole words, in either case, however they are spaced."""
    texts = [text.split() for text in also]
    for words in texts:
        if sum(map(len, words)) < LEAST:
            raise InvalidInput(
                f"A text to look for has at least {LEAST} characters: {' '.join(words)!r} would"
                " be found everywhere."
            )
    if not texts:
        return None
    any_of = "|".join(r"\s+".join(map(re.escape, words)) for words in texts)
    return re.compile(rf"(?<!\w)(?:{any_of})(?!\w)", re.IGNORECASE)


def _compared(text: str) -> str:
    plain = unicodedata.normalize("NFKC", _MASK.sub("[]", text)).casefold()
    return " ".join(plain.split())[:COMPARED]


def _strings(value: object) -> Iterator[str]:
    """Every text inside a JSON value, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)

"""Experts: colleagues ranked by what they solved and wrote on a subject."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    AuditEntry,
    Case,
    CaseArticle,
    CaseState,
    ColleagueQuestion,
    Contribution,
    ContributionState,
    Facets,
    Feedback,
    FeedbackKind,
    Interaction,
    InteractionEvent,
    InteractionEventKind,
    Outcome,
    Permission,
    Pool,
    Principal,
    Revision,
    Suggestion,
    Translation,
    User,
    UserState,
    in_scope,
)
from kb.queries.roles import load_roles, permissions_of
from kb.queries.sight import split_document
from kb.text.fold import fold
from kb.text.terms import base_language

OUTCOMES = {
    Outcome.solved: 1.0,
    Outcome.solved_second_contact: 0.8,
    Outcome.compensated: 0.5,
}
"""What a case says of who closed it, by how it ended; others say nothing."""
CITED = 0.5  # of a case that is no hit itself but cites an article that is one
GIVEN = 0.7  # of a contribution taken or waiting, or an answer to a colleague
NEAR = 0.1  # of the best hit's relevance: what is further off is another subject
HALF_LIFE = 365.0  # days in which what somebody did loses half its weight
OLDEST = 0.25  # what is left of it in the end
OTHER_LANGUAGE = 0.25  # of what was done in another language than the conversation's
CITING = 200  # cases that cite an article of the hits, the newest ones


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about: hits as document -> relevance in [0, 1], in a conversation with these
    facets and language."""

    hits: Mapping[str, float]
    language: str
    facets: Facets = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expert:
    """Somebody who may be asked, and why: counts of what they did on the subject."""

    user_id: str
    name: str
    language: str
    score: float
    solved: int
    wrote: int
    contributed: int
    answered: int


@dataclass(frozen=True, slots=True)
class _Deed:
    """Something that somebody did; the strongest of those with the same key counts."""

    person: str  # actor, or a name that another system has for them
    kind: str
    key: str
    weight: float


def find_experts(
    session: Session, subject: Subject, by: Principal, now: datetime, limit: int = 5
) -> tuple[Expert, ...]:
    """Who is worth asking about a subject, the best first; never `by`.

    The score is the sum over the different things somebody did of relevance x kind x recency x
    language: cases solved (by how they ended; CITED when the case only cites a hit), articles
    written, contributions and answers to colleagues (GIVEN). Recency is max(OLDEST,
    0.5 ^ (days / HALF_LIFE)); another language than the conversation's counts OTHER_LANGUAGE.
    Only what `by` may see counts, and only people who are active, may contribute and may see the
    interaction are named.
    """
    least = NEAR * max(subject.hits.values(), default=0.0)
    near = {document: weight for document, weight in subject.hits.items() if weight >= least}
    subject = replace(subject, hits=near)
    deeds = [
        *_solved(session, subject, by, now),
        *_noted(session, subject, now),
        *_written(session, subject, now),
        *_given(session, subject, now),
        *_answered(session, subject, now),
    ]
    if not deeds:
        return ()
    people = _People(session, subject.facets, but=by.user_id)
    best: dict[tuple[str, str, str], float] = defaultdict(float)
    for deed in deeds:
        user = people.find(deed.person)
        if user is not None:
            key = (user.id, deed.kind, deed.key)
            best[key] = max(best[key], deed.weight)
    scores: dict[str, float] = defaultdict(float)
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (user_id, kind, _), weight in best.items():
        scores[user_id] += weight
        counts[user_id][kind] += 1
    ranked = sorted(scores, key=lambda user_id: (-scores[user_id], user_id))[:limit]
    return tuple(_expert(people.by_id[user], scores[user], counts[user]) for user in ranked)


def _expert(user: User, score: float, counts: Mapping[str, int]) -> Expert:
    return Expert(
        user_id=user.id,
        name=user.name,
        language=user.language,
        score=round(score, 4),
        solved=counts.get("solved", 0),
        wrote=counts.get("wrote", 0),
        contributed=counts.get("contributed", 0),
        answered=counts.get("answered", 0),
    )


class _People:
    """Those who may be asked, by whatever other systems call them."""

    def __init__(self, session: Session, facets: Facets, but: str | None) -> None:
        roles = load_roles(session)
        every = session.scalars(select(User)).all()
        self.by_id = {
            user.id: user
            for user in every
            if user.id != but
            and user.state == UserState.active
            and in_scope(facets, user.scope)
            and Permission.contribute in permissions_of(roles, user.roles)
        }
        # Names are looked for among all, so that nobody gets the merits of a namesake who left.
        self._named: dict[str, set[str]] = defaultdict(set)
        for user in every:
            for name in (user.email, user.email.partition("@")[0], user.name):
                self._named[fold(name)].add(user.id)

    def find(self, reference: str) -> User | None:
        """By id, e-mail, what stands before its @, or name; None when it could be two."""
        if reference in self.by_id:
            return self.by_id[reference]
        named = self._named.get(fold(reference.strip()), set())
        return self.by_id.get(next(iter(named))) if len(named) == 1 else None


def _solved(session: Session, subject: Subject, by: Principal, now: datetime) -> Iterator[_Deed]:
    """Resolved cases among the hits, and those that cite articles among them."""
    if not by.may(Permission.read_cases):
        return
    relevance = _of(subject, Pool.case)
    for case_id, article_id in _citing(session, list(_of(subject, Pool.article))):
        weight = CITED * subject.hits[f"{Pool.article}:{article_id}"]
        relevance[case_id] = max(relevance.get(case_id, 0.0), weight)
    rows = session.scalars(
        select(Case).where(col(Case.id).in_(relevance), col(Case.state) == CaseState.resolved)
    )
    cases = [row for row in rows if in_scope(row.facets, by.scope)]
    resolvers = _resolvers(session, [row.id for row in cases])
    for row in cases:
        if row.outcome not in OUTCOMES:
            continue
        weight = relevance[row.id] * OUTCOMES[row.outcome]
        weight *= _recency(row.resolved_at or row.updated_at, now) * _in(row.language, subject)
        for person in {row.agent_ref, *resolvers.get(row.id, ())} - {None, ""}:
            yield _Deed(person, "solved", row.id, weight)


def _citing(session: Session, articles: Sequence[str]) -> list[tuple[str, str]]:
    query = (
        select(col(CaseArticle.case_id), col(CaseArticle.article_id))
        .join(Case, col(Case.id) == col(CaseArticle.case_id))
        .where(col(CaseArticle.article_id).in_(articles), col(Case.state) == CaseState.resolved)
        .order_by(col(Case.resolved_at).desc(), col(Case.id))
        .limit(CITING)
    )
    return [(case_id, article_id) for case_id, article_id in session.execute(query)]


def _resolvers(session: Session, cases: Sequence[str]) -> dict[str, set[str]]:
    """Who resolved each case: as audited, or in the interaction it comes from."""
    found: dict[str, set[str]] = defaultdict(set)
    entries = select(col(AuditEntry.entity_id), col(AuditEntry.actor)).where(
        col(AuditEntry.entity) == "case",
        col(AuditEntry.entity_id).in_(cases),
        col(AuditEntry.action) == "resolve",
    )
    closed = (
        select(col(Interaction.case_id), col(InteractionEvent.actor))
        .join(InteractionEvent, col(InteractionEvent.interaction_id) == col(Interaction.id))
        .where(
            col(Interaction.case_id).in_(cases),
            col(InteractionEvent.kind) == InteractionEventKind.resolved,
        )
    )
    for query in (entries, closed):
        for case_id, actor in session.execute(query):
            found[str(case_id)].add(actor)
    return found


def _noted(session: Session, subject: Subject, now: datetime) -> Iterator[_Deed]:
    """Feedback that a hit solved it, where no case tells the same."""
    rows = session.execute(
        select(
            col(Feedback.actor),
            col(Feedback.document),
            col(Feedback.created_at),
            col(Suggestion.language),
            col(Suggestion.id),
            col(Interaction.id),
            col(Interaction.case_id),
        )
        .join(Suggestion, col(Suggestion.id) == col(Feedback.suggestion_id))
        .outerjoin(Interaction, col(Interaction.id) == col(Suggestion.interaction_id))
        .where(col(Feedback.document).in_(subject.hits), col(Feedback.kind) == FeedbackKind.solved)
    )
    for actor, document, at, language, suggestion_id, interaction_id, case_id in rows:
        weight = subject.hits[str(document)] * _recency(at, now) * _in(language, subject)
        yield _Deed(actor, "solved", case_id or interaction_id or suggestion_id, weight)


def _written(session: Session, subject: Subject, now: datetime) -> Iterator[_Deed]:
    """Revisions of articles among the hits."""
    rows = session.execute(
        select(
            col(Revision.author),
            col(Translation.article_id),
            col(Translation.language),
            col(Revision.created_at),
        )
        .join(Translation, col(Translation.id) == col(Revision.translation_id))
        .where(col(Translation.article_id).in_(_of(subject, Pool.article)))
    )
    for author, article_id, language, at in rows:
        weight = subject.hits[f"{Pool.article}:{article_id}"] * _recency(at, now)
        yield _Deed(author, "wrote", article_id, weight * _in(language, subject))


def _given(session: Session, subject: Subject, now: datetime) -> Iterator[_Deed]:
    """Contributions to the hits that nobody refused."""
    rows = session.scalars(
        select(Contribution).where(
            or_(
                col(Contribution.document).in_(subject.hits),
                col(Contribution.article_id).in_(_of(subject, Pool.article)),
            ),
            col(Contribution.state) != ContributionState.refused,
        )
    )
    for row in rows:
        named = (row.document or "", f"{Pool.article}:{row.article_id}")
        relevance = max(subject.hits.get(name, 0.0) for name in named)
        weight = GIVEN * relevance * _recency(row.created_at, now) * _in(row.language, subject)
        yield _Deed(row.actor, "contributed", row.id, weight)


def _answered(session: Session, subject: Subject, now: datetime) -> Iterator[_Deed]:
    """Questions of colleagues to which a hit was the best answer that the engine had."""
    rows = session.execute(
        select(ColleagueQuestion, col(Suggestion.top_document))
        .join(Suggestion, col(Suggestion.id) == col(ColleagueQuestion.suggestion_id))
        .where(
            col(Suggestion.top_document).in_(subject.hits),
            col(ColleagueQuestion.answered_at).is_not(None),
        )
    )
    for row, document in rows:
        assert row.answered_at is not None
        weight = GIVEN * subject.hits[str(document)] * _recency(row.answered_at, now)
        yield _Deed(row.asked_of, "answered", row.id, weight * _in(row.language, subject))


def _of(subject: Subject, pool: Pool) -> dict[str, float]:
    """The hits of a pool by key."""
    named = ((split_document(document), weight) for document, weight in subject.hits.items())
    return {key: weight for (found, key), weight in named if found == pool}


def _recency(at: datetime, now: datetime) -> float:
    days = max(0.0, (now - at).total_seconds() / 86_400)
    return max(OLDEST, float(0.5 ** (days / HALF_LIFE)))


def _in(language: str, subject: Subject) -> float:
    same = base_language(language) == base_language(subject.language)
    return 1.0 if same else OTHER_LANGUAGE

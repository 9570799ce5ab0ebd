"""Tables, enums and pure transition rules; importing this registers every table."""

from kb.domain.article import (
    READABLE_BY,
    Article,
    ArticleState,
    Audience,
    Governance,
    Revision,
    Translation,
    Trust,
    may_move,
)
from kb.domain.audit import AuditEntry
from kb.domain.case import (
    Case,
    CaseMessage,
    CaseState,
    Channel,
    Outcome,
    Role,
    case_may_move,
)
from kb.domain.outbox import OutboxEvent
from kb.domain.passage import Embedding, Part, Passage, Pool, RemovedPassage
from kb.domain.suggestion import Feedback, FeedbackKind, Gap, GapState, Suggestion
from kb.domain.synonym import Synonym
from kb.domain.types import Facets, utc_now

__all__ = [
    "READABLE_BY",
    "Article",
    "ArticleState",
    "Audience",
    "AuditEntry",
    "Case",
    "CaseMessage",
    "CaseState",
    "Channel",
    "Embedding",
    "Facets",
    "Feedback",
    "FeedbackKind",
    "Gap",
    "GapState",
    "Governance",
    "OutboxEvent",
    "Outcome",
    "Part",
    "Passage",
    "Pool",
    "RemovedPassage",
    "Revision",
    "Role",
    "Suggestion",
    "Synonym",
    "Translation",
    "Trust",
    "case_may_move",
    "may_move",
    "utc_now",
]

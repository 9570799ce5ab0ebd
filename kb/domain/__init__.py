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
from kb.domain.credential import ApiKey, LinkPurpose, OneTimeLink, UserSession
from kb.domain.outbox import OutboxEvent
from kb.domain.passage import Embedding, Part, Passage, Pool, RemovedPassage
from kb.domain.permission import (
    ADMINISTRATOR,
    ANONYMOUS,
    DEFAULT_ROLES,
    EVERYTHING,
    Permission,
    Permissions,
    known_permissions,
)
from kb.domain.principal import Principal, PrincipalKind
from kb.domain.suggestion import Feedback, FeedbackKind, Gap, GapState, Suggestion
from kb.domain.synonym import Synonym
from kb.domain.types import Facets, utc_now
from kb.domain.user import AccessRole, User, UserState

__all__ = [
    "ADMINISTRATOR",
    "ANONYMOUS",
    "DEFAULT_ROLES",
    "EVERYTHING",
    "READABLE_BY",
    "AccessRole",
    "ApiKey",
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
    "LinkPurpose",
    "OneTimeLink",
    "OutboxEvent",
    "Outcome",
    "Part",
    "Passage",
    "Permission",
    "Permissions",
    "Pool",
    "Principal",
    "PrincipalKind",
    "RemovedPassage",
    "Revision",
    "Role",
    "Suggestion",
    "Synonym",
    "Translation",
    "Trust",
    "User",
    "UserSession",
    "UserState",
    "case_may_move",
    "known_permissions",
    "may_move",
    "utc_now",
]

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
from kb.domain.audit import FIRST_HASH, AuditCheckpoint, AuditEntry, audit_hash
from kb.domain.case import (
    Case,
    CaseArticle,
    CaseMessage,
    CaseState,
    Channel,
    Outcome,
    Role,
    case_may_move,
)
from kb.domain.comment import Comment, Mention
from kb.domain.contribution import (
    ColleagueQuestion,
    Contribution,
    ContributionKind,
    ContributionState,
    Flag,
    FlagKind,
    FlagState,
)
from kb.domain.credential import ApiKey, LinkPurpose, OneTimeLink, SpentToken, UserSession
from kb.domain.edit import BulkChange, Edit
from kb.domain.incident import Incident, IncidentState, Severity
from kb.domain.interaction import (
    Interaction,
    InteractionEvent,
    InteractionEventKind,
    InteractionMessage,
    InteractionState,
    Reuse,
    interaction_may_move,
)
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
from kb.domain.privacy import Erasure, Redaction, RedactionSource, RedactionState
from kb.domain.redirect import Redirect, RedirectKind
from kb.domain.review import ArticleChange, Review, ReviewDecision
from kb.domain.scope import in_scope
from kb.domain.suggestion import Feedback, FeedbackKind, Gap, GapState, Suggestion
from kb.domain.synonym import Synonym
from kb.domain.task import Schedule, ScheduledAction, ScheduleState, Task, TaskKind, TaskState
from kb.domain.types import Facets, utc_now
from kb.domain.user import AccessRole, User, UserState
from kb.domain.webhook import Webhook, WebhookDelivery, WebhookDirection, WebhookReceipt

__all__ = [
    "ADMINISTRATOR",
    "ANONYMOUS",
    "DEFAULT_ROLES",
    "EVERYTHING",
    "FIRST_HASH",
    "READABLE_BY",
    "AccessRole",
    "ApiKey",
    "Article",
    "ArticleChange",
    "ArticleState",
    "Audience",
    "AuditCheckpoint",
    "AuditEntry",
    "BulkChange",
    "Case",
    "CaseArticle",
    "CaseMessage",
    "CaseState",
    "Channel",
    "ColleagueQuestion",
    "Comment",
    "Contribution",
    "ContributionKind",
    "ContributionState",
    "Edit",
    "Embedding",
    "Erasure",
    "Facets",
    "Feedback",
    "FeedbackKind",
    "Flag",
    "FlagKind",
    "FlagState",
    "Gap",
    "GapState",
    "Governance",
    "Incident",
    "IncidentState",
    "Interaction",
    "InteractionEvent",
    "InteractionEventKind",
    "InteractionMessage",
    "InteractionState",
    "LinkPurpose",
    "Mention",
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
    "Redaction",
    "RedactionSource",
    "RedactionState",
    "Redirect",
    "RedirectKind",
    "RemovedPassage",
    "Reuse",
    "Review",
    "ReviewDecision",
    "Revision",
    "Role",
    "Schedule",
    "ScheduleState",
    "ScheduledAction",
    "Severity",
    "SpentToken",
    "Suggestion",
    "Synonym",
    "Task",
    "TaskKind",
    "TaskState",
    "Translation",
    "Trust",
    "User",
    "UserSession",
    "UserState",
    "Webhook",
    "WebhookDelivery",
    "WebhookDirection",
    "WebhookReceipt",
    "audit_hash",
    "case_may_move",
    "in_scope",
    "interaction_may_move",
    "known_permissions",
    "may_move",
    "utc_now",
]

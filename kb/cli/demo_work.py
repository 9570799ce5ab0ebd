"""What waits for the demo company's editors on the first day."""

from __future__ import annotations

from kb.cli.demo_people import DOMAIN
from kb.cli.terminal import opened
from kb.config import Settings
from kb.domain import Article, Audience, Gap, Task, TaskKind, utc_now

_SEARCHED = (
    ("en", "can I send a bicycle", Audience.public, 4),
    ("en", "carbon footprint of a parcel", Audience.customer, 1),
    ("pl", "przesyłka ze zwierzęciem", Audience.public, 2),
    ("cs", "mohu poslat kolo", Audience.public, 3),
    ("sl", "pošiljanje kolesa", Audience.customer, 2),
    ("hu", "kerékpár feladása", Audience.public, 1),
)
"""Language, words, whose search found nothing, and how often."""
_QUESTION = "Agents ask every week whether a neighbour may sign. Can we say so here?"
ABOUT = "safe-place-neighbour"
TO_REVIEW = "express-guarantee"


def ensure_demo_work(settings: Settings) -> bool:
    """Searches that found nothing, a review that is due and a question to the publisher.

    Only while there is none of them yet; gives whether they were made.
    """
    from sqlalchemy import select

    from kb.actions.comments import CommentInput, add_comment
    from kb.actions.searches import UnansweredSearch, record_search
    from kb.actions.tasks import NewTask, open_task
    from kb.queries.users import find_credentials

    with opened(settings) as sessions, sessions.begin() as session:
        if session.scalar(select(Gap).limit(1)) or session.scalar(select(Task).limit(1)):
            return False
        for language, words, reader, times in _SEARCHED:
            for _ in range(times):
                record_search(session, UnansweredSearch(words, language, reader, "nothing_found"))
        publisher = find_credentials(session, f"publisher@{DOMAIN}")
        contributor = find_credentials(session, f"contributor@{DOMAIN}")
        known = [session.get(Article, key) for key in (ABOUT, TO_REVIEW)]
        if publisher is None or contributor is None or None in known:
            return True  # a demo company of somebody's own
        key, document = f"demo:{TO_REVIEW}", f"article:{TO_REVIEW}"
        due = NewTask(TaskKind.review_due, document, key, "age", publisher.user.id)
        open_task(session, due, "demo", utc_now())
        asked = CommentInput(_QUESTION, "en", mentions=(publisher.user.id,))
        add_comment(session, ABOUT, asked, contributor.user.id)
    return True

"""What is kept of a suggestion: enough to explain it and to learn from it later.

Nothing personal is kept: not of the conversation, and of the customer a keyed hash at most.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from kb.actions.suggestions import SuggestionRecord
from kb.assist.turns import readable
from kb.assist.types import Message, Reply, SuggestionResult, SuggestRequest
from kb.config import Settings
from kb.queries.redactions import hide_again, redaction_rules
from kb.search.types import Hit
from kb.secret_key import Marks


def suggestion_record(
    request: SuggestRequest, result: SuggestionResult, settings: Settings
) -> SuggestionRecord:
    """The JSON documents of a suggestion; its articles and cases by reference, not in full.

    Call it before the transaction begins: looking for what is personal takes a moment.
    """
    best = result.articles[0] if result.articles else None
    nothing = result.nothing_known
    rules = redaction_rules(settings)

    def hidden(text: str) -> str:
        return hide_again(text, result.language, rules)

    return SuggestionRecord(
        language=result.language,
        audience=str(request.reader),
        query=hidden(result.query.text),
        request={
            "messages": [_message(message, hidden) for message in readable(request.messages)],
            "language": request.language,
            "channel": request.channel,
            "reader": str(request.reader),
            "facets": {
                name: [hidden(value) for value in values] for name, values in request.facets.items()
            },
            "limit": request.limit,
        },
        response={
            "focus": hidden(result.query.focus),
            "asks": result.query.asks,
            "articles": _answers(result.articles),
            "cases": _answers(result.cases),
            "reply": _reply(result.reply, hidden),
            "nothing_known": nothing.code if nothing else None,
        },
        versions=dict(result.versions),
        channel=request.channel,
        nothing_known=nothing.code if nothing else None,
        top_document=f"{best.pool}:{best.document_id}" if best else None,
        confidence=best.confidence if best else None,
        milliseconds=result.milliseconds["total"],
        customer_mark=Marks.of(settings).customer(request.customer_ref)
        if request.customer_ref
        else None,
    )


def turn_mark(key: str) -> str:
    """What a turn is known by where nothing personal is kept: hosts put addresses into ids."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _message(message: Message, hidden: Callable[[str], str]) -> dict[str, Any]:
    at = message.at.isoformat() if message.at else None
    mark = {} if message.key is None else {"turn": turn_mark(message.key)}
    return {"role": message.role, "text": hidden(message.text), "at": at} | mark


def _answers(hits: Sequence[Hit]) -> list[dict[str, Any]]:
    return [
        {
            "document": f"{hit.pool}:{hit.document_id}",
            "language": hit.language,
            "revision": hit.revision_number,
            "passage": hit.passage_id,
            "score": hit.score,
            "confidence": hit.confidence,
            "why": asdict(hit.why),
        }
        for hit in hits
    ]


def _reply(reply: Reply | None, hidden: Callable[[str], str]) -> dict[str, Any] | None:
    """What articles say is not personal; a language model may have repeated the customer."""
    if reply is None or not reply.generated:
        return asdict(reply) if reply else None
    sentences = [asdict(found) | {"text": hidden(found.text)} for found in reply.sentences]
    return asdict(reply) | {"text": hidden(reply.text), "sentences": sentences}

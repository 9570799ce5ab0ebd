"""What is kept of a suggestion: enough to explain it and to learn from it later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from kb.actions.suggestions import SuggestionRecord
from kb.assist.turns import readable
from kb.assist.types import Message, Reply, SuggestionResult, SuggestRequest
from kb.search.types import Hit


def suggestion_record(request: SuggestRequest, result: SuggestionResult) -> SuggestionRecord:
    """The JSON documents of a suggestion; its articles and cases by reference, not in full."""
    best = result.articles[0] if result.articles else None
    nothing = result.nothing_known
    return SuggestionRecord(
        language=result.language,
        audience=str(request.reader),
        query=result.query.text,
        request={
            "messages": [_message(message) for message in readable(request.messages)],
            "language": request.language,
            "channel": request.channel,
            "reader": str(request.reader),
            "facets": request.facets,
            "limit": request.limit,
        },
        response={
            "focus": result.query.focus,
            "asks": result.query.asks,
            "articles": _answers(result.articles),
            "cases": _answers(result.cases),
            "reply": _reply(result.reply),
            "nothing_known": nothing.code if nothing else None,
        },
        versions=dict(result.versions),
        channel=request.channel,
        nothing_known=nothing.code if nothing else None,
        top_document=f"{best.pool}:{best.document_id}" if best else None,
        confidence=best.confidence if best else None,
        milliseconds=result.milliseconds["total"],
    )


def _message(message: Message) -> dict[str, Any]:
    at = message.at.isoformat() if message.at else None
    return {"role": message.role, "text": message.text, "at": at}


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


def _reply(reply: Reply | None) -> dict[str, Any] | None:
    return asdict(reply) if reply else None

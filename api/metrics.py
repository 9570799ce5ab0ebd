"""Prometheus figures of one application; no personal data, no texts, no unbounded labels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from kb.actions.deliveries import Answer

_SECONDS = (0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """A registry of its own, so that two applications in a process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        seconds = partial(Histogram, buckets=_SECONDS, registry=self.registry)
        self.requests = counter(
            "potica_http_requests", "Requests by route and status", ("method", "route", "status")
        )
        self.seconds = seconds("potica_http_seconds", "Time to answer", ("route",))
        self.suggestions = counter(
            "potica_suggestions",
            "Suggestions by language and result (answered, or why nothing is known)",
            ("language", "result"),
        )
        self.stages = seconds(
            "potica_suggestion_stage_seconds", "Time of each stage of a suggestion", ("stage",)
        )
        self.feedback = counter("potica_feedback", "Feedback by kind", ("kind",))
        self.hooks = counter(
            "potica_webhook_messages",
            "Messages of inbound webhooks by what became of them",
            ("result",),
        )
        self.deliveries = counter(
            "potica_webhook_deliveries",
            "Tries to deliver to webhooks by result (delivered, refused, no_answer)",
            ("result",),
        )
        self.streams = gauge("potica_live_streams", "Open streams of live interactions")
        self.pushed = seconds(
            "potica_live_seconds", "From hearing that an interaction changed to pushing its view"
        )
        self.shown = seconds(
            "potica_shown_seconds",
            "From the arrival of what a suggestion answers to an agent's screen",
        )
        self.pending = gauge("potica_outbox_pending", "Changes the index has yet to take in")
        self.failed = gauge("potica_outbox_failed", "Pending changes that failed before")

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def observe_stream(self, route: str) -> None:
        """Count one stream that ended: how long it lasted says nothing of the server."""
        self.requests.labels("GET", route, "200").inc()

    def observe_suggestion(
        self, language: str, result: str, milliseconds: Mapping[str, float]
    ) -> None:
        """Count one suggestion and the time of its stages."""
        self.suggestions.labels(language, result).inc()
        for stage, spent in milliseconds.items():
            self.stages.labels(stage).observe(spent / 1000)

    def observe_delivery(self, answer: Answer) -> None:
        """Count one try to deliver to a webhook."""
        result = "no_answer" if answer.status is None else "refused"
        self.deliveries.labels("delivered" if answer.is_taken else result).inc()

    def text(self) -> bytes:
        """In Prometheus's text format."""
        return generate_latest(self.registry)

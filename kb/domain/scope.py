"""Scopes: the facet values that a user or a key is confined to. No facet named: all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kb.domain.types import Facets


def narrowed(outer: Facets, inner: Facets) -> Facets | None:
    """What both allow; None when they name the same facet and share no value of it."""
    found = {name: list(values) for name, values in outer.items()}
    for name, values in inner.items():
        found[name] = [value for value in values if value in outer.get(name, values)]
        if not found[name]:
            return None
    return found


def is_within(outer: Facets, inner: Facets) -> bool:
    """Whether `inner` names nothing that `outer` does not allow."""
    return all(set(values) <= set(outer.get(name, values)) for name, values in inner.items())


def in_scope(facets: Mapping[str, Sequence[str]], scope: Mapping[str, Sequence[str]]) -> bool:
    """Whether a document with these facets is seen by somebody with this scope.

    For each facet of the scope the document must share a value or not have the facet at all:
    what is for everybody stays. An empty scope sees everything.
    """
    return all(
        not facets.get(name) or not set(facets[name]).isdisjoint(allowed)
        for name, allowed in scope.items()
    )

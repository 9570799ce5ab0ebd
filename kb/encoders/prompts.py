"""What a model wants put before a text, where the model does not say so itself."""

from collections.abc import Mapping

_E5 = {"query": "query: ", "passage": "passage: "}


def prompts_for(model: str, own: Mapping[str, str] | None = None) -> dict[str, str]:
    """Prompts of the kinds "query" and "passage": the model's own, else those of its family.

    Models of the E5 family need theirs and mostly do not bring them; others get none.
    """
    found = {kind: own[kind] for kind in ("query", "passage") if own and own.get(kind)}
    if own and "document" in own and "passage" not in found:
        found["passage"] = own["document"]
    return found or (dict(_E5) if "e5" in model.lower() else {})

"""What a model wants put before a text, where the model does not say so itself."""

from collections.abc import Mapping

_E5 = {"query": "query: ", "passage": "passage: "}


def prompts_for(model: str, own: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Prompts of the kinds "query" and "passage": the model's own, else those of its family.

    Models of the E5 family need theirs and mostly do not bring them; others get none.
    """
    said = {kind: prompt for kind, prompt in (own or {}).items() if prompt}
    if "document" in said:
        said.setdefault("passage", said["document"])
    found = {kind: prompt for kind, prompt in said.items() if kind in ("query", "passage")}
    return found or (dict(_E5) if "e5" in model.lower() else {})

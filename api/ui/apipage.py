"""The API page: operations read out of the OpenAPI description."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_METHODS = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: str  # path, query, header
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. `example` is a body to send, as JSON, or empty."""

    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    example: str
    anchor: str


def describe(openapi: dict[str, Any]) -> dict[str, list[Operation]]:
    """Operations by tag, in the order in which they were written."""
    groups: dict[str, list[Operation]] = {}
    for path, methods in openapi["paths"].items():
        for method in _METHODS:
            if method in methods:
                tag = methods[method].get("tags", ["other"])[0]
                operation = _operation(openapi, path, method, methods[method])
                groups.setdefault(tag, []).append(operation)
    return groups


def _operation(openapi: dict[str, Any], path: str, method: str, told: dict[str, Any]) -> Operation:
    first, _, rest = told.get("description", "").partition("\n")
    parameters = tuple(
        Parameter(
            given["name"],
            given["in"],
            given.get("required", False),
            given.get("description", ""),
        )
        for given in told.get("parameters", [])
    )
    return Operation(
        method=method.upper(),
        path=path,
        summary=first,
        description=" ".join(rest.replace("`", "").split()),
        parameters=parameters,
        example=_example(openapi, told),
        anchor=told["operationId"],
    )


def _example(openapi: dict[str, Any], told: dict[str, Any]) -> str:
    content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    reference = content.get("schema", {}).get("$ref", "")
    schema = openapi["components"]["schemas"].get(reference.rpartition("/")[2], {})
    examples = schema.get("examples", [])
    return json.dumps(examples[0], ensure_ascii=False, indent=2) if examples else ""

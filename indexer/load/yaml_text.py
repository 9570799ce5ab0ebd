"""YAML read without surprises, and written in the one form `content/` uses."""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

from kb.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A value and the line, from 1, on which each top-level key stands."""

    value: object
    lines: dict[str, int] = field(default_factory=dict)


def parse_yaml(text: str, depth: int, first_line: int = 1) -> YamlDocument:
    """The one document in `text`: plain scalars, lists and mappings, nested `depth` at most.

    Anchors, aliases and tags are refused, as are keys given twice. Raises InvalidInput whose
    details hold the `line`.
    """
    try:
        _check_events(text, depth, first_line)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        lines = _top_lines(node, first_line)
        return YamlDocument(yaml.load(text, Loader=yaml.CSafeLoader), lines)
    except yaml.MarkedYAMLError as error:
        last = text.rstrip("\n").count("\n")  # what is missing at the end is missed behind it
        line = first_line + min(error.problem_mark.line if error.problem_mark else 0, last)
        raise InvalidInput(f"Not valid YAML: {error.problem}.", line=line) from error
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidInput(f"Not valid YAML: {error}.", line=first_line) from error


def dump_yaml(value: object) -> str:
    """The canonical form: block style, keys as they stand, lines never folded."""
    return str(
        yaml.dump(
            value,
            Dumper=yaml.SafeDumper,
            sort_keys=False,
            allow_unicode=True,
            width=10**9,
            default_flow_style=False,
        )
    )


def _check_events(text: str, depth: int, first_line: int) -> None:
    """Before any node is built: deep nesting would exhaust the stack, aliases the memory."""
    level = documents = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = first_line + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise InvalidInput("More than one YAML document: keep one.", line=line)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InvalidInput("YAML anchors and aliases are not taken: write it out.", line=line)
        if getattr(event, "tag", None):
            raise InvalidInput("YAML tags are not taken: write plain values.", line=line)
        if isinstance(event, yaml.CollectionStartEvent):
            level += 1
            if level > depth:
                raise InvalidInput(f"YAML nested more than {depth} deep: flatten it.", line=line)
        elif isinstance(event, yaml.CollectionEndEvent):
            level -= 1


def _top_lines(node: yaml.Node | None, first_line: int) -> dict[str, int]:
    lines: dict[str, int] = {}
    _check_keys(node, first_line)
    if isinstance(node, yaml.MappingNode):
        for key, _ in node.value:
            lines[str(key.value)] = first_line + key.start_mark.line
    return lines


def _check_keys(node: yaml.Node | None, first_line: int) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            line = first_line + key.start_mark.line
            if not isinstance(key, yaml.ScalarNode):
                raise InvalidInput("A YAML key must be a plain word.", line=line)
            if key.value in seen:
                raise InvalidInput(f"The key {key.value!r} stands twice: keep one.", line=line)
            seen.add(key.value)
            _check_keys(value, first_line)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _check_keys(value, first_line)

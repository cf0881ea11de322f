"""Typed references from one step's output to another step's arguments.

A reference is `{"$from": "s1", "path": "rows.0.name"}`: the value at that path of step s1's output.
The path is checked against the output schema before anything runs, and resolved against the real
output before a write is previewed, so that what the operator approves holds only plain values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, JsonValue


class ReferenceProblem(Exception):
    """A reference points nowhere; the message says which and why."""


class Reference(BaseModel):
    """Where a value comes from: a step's id, and a dotted path into its output."""

    step: str
    path: str

    def __str__(self) -> str:
        return f"{self.step}.{self.path}" if self.path else self.step


def as_reference(value: JsonValue) -> Reference | None:
    """The reference that this value is, or None for a plain value."""
    if isinstance(value, dict) and "$from" in value and set(value) <= {"$from", "path"}:
        return Reference(step=str(value["$from"]), path=str(value.get("path", "")))
    return None


def references(value: JsonValue) -> Iterator[Reference]:
    """Every reference inside a value, however deep."""
    if (reference := as_reference(value)) is not None:
        yield reference
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def resolve(value: JsonValue, outputs: Mapping[str, JsonValue]) -> JsonValue:
    """The value with every reference replaced by what it points to.

    Args:
        outputs: the outputs of finished steps by step id.

    Raises:
        ReferenceProblem: the step has no output, or the path does not lead anywhere in it.
    """
    if (reference := as_reference(value)) is not None:
        if reference.step not in outputs:
            raise ReferenceProblem(f"{reference} refers to a step that has no output yet.")
        return _follow(outputs[reference.step], reference)
    if isinstance(value, dict):
        return {key: resolve(item, outputs) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, outputs) for item in value]
    return value


def check_path(reference: Reference, schema: Mapping[str, JsonValue]) -> None:
    """Raise `ReferenceProblem` if an output of this JSON schema can have no such path."""
    here: JsonValue = dict(schema)
    for part in _parts(reference.path):
        here = _inner(here, schema)
        if not isinstance(here, dict):
            return
        kinds = {here.get("type")}
        properties = here.get("properties")
        if "items" in here and part.isdigit():
            here = here["items"]
        elif isinstance(properties, dict) and part in properties:
            here = properties[part]
        elif isinstance(here.get("additionalProperties"), dict):
            here = here["additionalProperties"]
        elif kinds & {"object", "array", "string", "integer", "number", "boolean"} and (
            isinstance(properties, dict) or "object" not in kinds
        ):
            known = ", ".join(sorted(properties)) if isinstance(properties, dict) else "no fields"
            raise ReferenceProblem(f"{reference} points to {part}, but that output has {known}.")
        else:
            return


def _inner(schema: JsonValue, root: Mapping[str, JsonValue]) -> JsonValue:
    """Follow `$ref` and drop a null alternative, as pydantic writes them."""
    while isinstance(schema, dict):
        ref, choices = schema.get("$ref"), schema.get("anyOf")
        if isinstance(ref, str):
            definitions = root.get("$defs")
            schema = definitions.get(ref.rpartition("/")[2], {}) if isinstance(definitions, dict) else {}
        elif isinstance(choices, list):
            real = [item for item in choices if not (isinstance(item, dict) and item.get("type") == "null")]
            if len(real) != 1:
                return None
            schema = real[0]
        else:
            return schema
    return schema


def _follow(value: JsonValue, reference: Reference) -> JsonValue:
    for part in _parts(reference.path):
        try:
            if isinstance(value, list):
                value = value[int(part)]
            elif isinstance(value, dict):
                value = value[part]
            else:
                raise KeyError(part)
        except (KeyError, IndexError, ValueError):
            size = f"{len(value)} items" if isinstance(value, list | dict) else "a plain value"
            raise ReferenceProblem(f"{reference} leads nowhere: at {part} there is {size}.") from None
    return value


def _parts(path: str) -> list[str]:
    return [part for part in path.replace("[", ".").replace("]", "").split(".") if part]

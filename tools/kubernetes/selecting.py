"""Which objects a selector chooses, decided here, without asking the server once per selector."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from tools.kubernetes.fields import Json, mappings, strings, text, value


def matches(selector: JsonValue, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector chooses these labels; an empty one chooses everything."""
    if any(labels.get(key) != entry for key, entry in strings(selector, "matchLabels").items()):
        return False
    return all(requirement(entry, labels) for entry in mappings(selector, "matchExpressions"))


def requirement(expression: Json, labels: Mapping[str, str]) -> bool:
    """Whether one expression of a selector holds; an unknown operator never does."""
    present = labels.get(text(expression, "key"))
    listed = value(expression, "values")
    values = [entry for entry in listed if isinstance(entry, str)] if isinstance(listed, list) else []
    operator = text(expression, "operator")
    if operator in ("Gt", "Lt"):
        return _compared(operator, present, values)
    return {
        "In": present is not None and present in values,
        "NotIn": present is None or present not in values,
        "Exists": present is not None,
        "DoesNotExist": present is None,
    }.get(operator, False)


def _compared(operator: str, present: str | None, values: list[str]) -> bool:
    """Node selectors compare whole numbers."""
    try:
        have, bound = int(present or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return have > bound if operator == "Gt" else have < bound

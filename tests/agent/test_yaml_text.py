"""An object's YAML is exact, whatever is in it, and folds only what nobody asked for."""

from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.looking.yaml_text import LONG_TEXT, object_page, yaml_page

_TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(alphabet=" \\\"'\n#:-{}é☃\t\x1b", max_size=40),
    st.text(alphabet='a \\"', min_size=200, max_size=900),
    st.sampled_from(
        ["yes", "1e3", "0x1f", "2020-01-01", "null", "~", ".5", "a: b", "- x", "a #b", "|", ">-", "=", "1_0"]
    ),
)
_KEYS = st.text(max_size=40)
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), _TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(_VALUES)
def test_what_is_written_reads_back_as_the_same_value(value: object) -> None:
    page = yaml_page(value)  # type: ignore[arg-type]
    assert yaml.safe_load("\n".join(page.lines) + "\n") == value


@given(_VALUES)
def test_folds_are_in_order_and_inside_the_page(value: object) -> None:
    page = yaml_page({"managedFields": [value], "rest": value})  # type: ignore[dict-item]
    places = [place for fold in page.folds for place in (fold.first, fold.last)]
    assert places == sorted(places)
    assert all(0 <= place < len(page.lines) for place in places)


def test_managers_applied_copies_and_huge_values_are_folded_and_all_else_is_not() -> None:
    applied = "kubectl.kubernetes.io/last-applied-configuration"
    page = object_page(
        {
            "status": {"phase": "Running"},
            "data": {"large": "x" * 10_000_000, "script": "echo\n" * (LONG_TEXT + 1), "small": "a\nb\n"},
            "kind": "ConfigMap",
            "apiVersion": "v1",
            "metadata": {
                "managedFields": [{"manager": "kubectl"}],
                "annotations": {applied: "{}"},
                "name": "big",
            },
        }
    )
    assert page.lines[:4] == ("apiVersion: v1", "kind: ConfigMap", "metadata:", "  name: big")
    assert page.lines[-1] == "  phase: Running"
    closed = [fold.closed.partition("  # ")[2] for fold in page.folds]
    assert closed == [
        "a copy of what was applied, 2 characters",
        "1 field manager",
        "10,000,000 characters",
        "201 lines",
    ]


def test_a_value_nested_without_end_is_cut_and_says_so() -> None:
    value: object = "bottom"
    for _ in range(900):
        value = {"a": value}
    assert yaml_page(value).lines[-1].endswith("# nested deeper than 200 levels")  # type: ignore[arg-type]

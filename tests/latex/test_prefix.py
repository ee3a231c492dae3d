"""Beginnings of labels: what may follow is what the parser accepts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mumer_data.latex.parser import try_parse
from mumer_data.latex.prefix import LabelPrefix
from tests.latex.labels import labels
from tests.latex.test_laws import TOKENS


def _after(tokens: list[str]) -> LabelPrefix | None:
    state: LabelPrefix | None = LabelPrefix()
    for token in tokens:
        state = state and state.extended(token)
    return state


@settings(max_examples=300, deadline=None)
@given(labels())
def test_every_beginning_of_a_label_is_allowed(label: str) -> None:
    state: LabelPrefix | None = LabelPrefix()
    for number, token in enumerate(label.split(), 1):
        assert state is not None
        state = state.extended(token)
        assert state is not None
        assert state.complete == (try_parse(label.split()[:number]) is not None)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=14))
def test_what_is_complete_parses_and_the_other_way_round(tokens: list[str]) -> None:
    state = _after(tokens)
    assert (state is not None and state.complete) == (try_parse(tokens) is not None)


def test_where_a_token_is_not_allowed() -> None:
    assert _after(["a", "}"]) is None
    assert _after(["\\frac", "a"]) is None
    assert _after(["\\begin{matrix}", "a", "\\end{cases}"]) is None
    assert not LabelPrefix().complete
    opened = _after(["\\sqrt", "[", "3", "]", "{", "x"])
    assert opened is not None
    assert not opened.complete

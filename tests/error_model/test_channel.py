"""Events of real errors, and the channel: what it learns it makes, and the same seed gives the same text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given

from mumer_data.alignment.align import align
from mumer_data.error_model.channel import Channel, fit
from mumer_data.error_model.events import Event, apply_events, events_of
from mumer_data.error_model.rates import Choices, Rates
from mumer_data.error_model.sites import shift_at, stretch_at
from mumer_data.latex.parser import parse
from mumer_data.seeding import rng_for
from tests.latex.labels import labels

# label, prediction, events as (action, place, old, new)
CASES = {
    "misread": ("x + 1", "x + l", [("replace", 2, "1", "l")]),
    "two": ("x + 1", "X + l", [("replace", 0, "x", "X"), ("replace", 2, "1", "l")]),
    "left out": ("x + 1 2", "x 2", [("omit", 1, "+ 1", "")]),
    "script left out": ("x ^ { 2 } + 1", "x + 1", [("omit", 1, "^ { 2 }", "")]),
    "added": ("x + 1", "x + 1 ^ { 2 }", [("add", 3, "", "^ { 2 }")]),
    "on the line": ("x ^ { 2 } + 1", "x 2 + 1", [("flatten", 1, "^", "")]),
    "misread on the line": ("x ^ { 2 } + 1", "x z + 1", [("flatten", 1, "^", ""), ("replace", 3, "2", "z")]),
    "raised": ("x 1 2 + y", "x _ { 1 2 } + y", [("raise", 1, "1 2", "_")]),
    "other script": ("x ^ { 2 }", "x _ { 2 }", [("switch", 1, "^", "_")]),
    "script too short": ("x _ { i + 1 } = 2", "x _ { i } + 1 = 2", [("shift", 6, "}", "-2")]),
    "script too long": ("x _ { i } + 1 = 2", "x _ { i + 1 } = 2", [("shift", 4, "}", "2")]),
    "root too long": (r"\sqrt { 2 } x", r"\sqrt { 2 x }", [("shift", 3, "}", "1")]),
    "root too short": (r"\sqrt { 2 x }", r"\sqrt { 2 } x", [("shift", 4, "}", "-1")]),
    "word": ("m a x y", r"\max y", [("rewrite", 0, "m a x", r"\max")]),
    "fraction": ("5 / 6 + x", r"\frac { 5 } { 6 } + x", [("rewrite", 0, "5 / 6", r"\frac { 5 } { 6 }")]),
}


@pytest.mark.parametrize(("label", "text", "expected"), CASES.values(), ids=CASES)
def test_events_are_found_and_lead_to_the_prediction(
    label: str, text: str, expected: list[tuple[str, int, str, str]]
) -> None:
    script = align(label, text)
    events, lost = events_of(script)
    found = [(event.action, event.at, " ".join(event.old), " ".join(event.new)) for event in events]
    assert (found, lost) == (expected, 0)
    assert " ".join(apply_events(script.label, events)) == text


def test_most_real_errors_are_events(shared: Path) -> None:
    rows = json.loads((shared / "golden/predictions/crohme_2014_7b_pred.json").read_text(encoding="utf-8"))
    scripts = [align(row["gt"], row["pred"]) for row in rows if row["gt"] != row["pred"]]
    again = [apply_events(script.label, events_of(script)[0]) == list(script.prediction) for script in scripts]
    assert sum(again) >= 0.95 * len(again)


def test_events_that_touch_do_not_both_apply() -> None:
    tokens = ["x", "^", "{", "2", "}"]
    events = [Event("omit", 1, ("^", "{", "2", "}"), ()), Event("replace", 3, ("2",), ("z",))]
    assert apply_events(tokens, events) == ["x"]
    assert apply_events(tokens, events[::-1]) == ["x", "^", "{", "z", "}"]
    assert apply_events(tokens, [Event("replace", 0, ("y",), ("z",))]) == tokens


PAIRS = [("x + 1", "x + l")] * 5 + [("x + 1", "x + 1")] * 5 + [("y ^ { 2 }", "y 2")] * 3 + [("x _ { 2 }", "x _ { z }")]


def test_what_is_learned_is_made() -> None:
    channel = fit(PAIRS)
    assert channel.wrong == 9
    made = [channel.corrupt("1 + y ^ { 2 }", rng_for(0, str(number), "test")) for number in range(300)]
    assert None not in made
    assert {"l + y ^ { 2 }", "1 + y 2", "1 + y ^ { z }"} <= set(made)
    assert made.count("l + y ^ { 2 }") > made.count("1 + y ^ { z }") > 0
    for text in set(made):
        assert text is not None
        assert text != "1 + y ^ { 2 }"
        parse(text)


def test_a_symbol_that_is_always_misread_is_misread_everywhere() -> None:
    channel = fit([("1 + 1 + 1", "l + l + l")] * 30)
    texts = [channel.corrupt("1 + 1 + 1", rng_for(0, str(number), "test")) for number in range(100)]
    assert texts.count("l + l + l") > 60
    assert texts.count("l + 1 + 1") + texts.count("1 + l + 1") + texts.count("1 + 1 + l") < 30


def test_the_same_generator_gives_the_same_text() -> None:
    made = [fit(PAIRS).corrupt("1 + x + 2", rng_for(3, "a", "test")) for _ in range(2)]
    assert made[0] == made[1]


def test_a_channel_survives_json() -> None:
    channel = fit([*PAIRS, ("m a x y", r"\max y"), ("x _ { i + 1 } = 2", "x _ { i } + 1 = 2")])
    again = Channel.from_json(json.loads(json.dumps(channel.to_json())))
    assert again == channel


def test_nothing_learned_nothing_made() -> None:
    channel = fit([("x", "x"), ("x", ""), ("x + 1", "x " * 60)])
    assert channel.wrong == 0
    assert channel.corrupt("x + 1", rng_for(0, "a", "test")) is None


@given(labels())
def test_any_label_can_be_corrupted(label: str) -> None:
    text = fit(PAIRS).corrupt(label, rng_for(0, label, "test"))
    assert text is None or (text.split() != label.split() and text)


def test_stretches_are_balanced() -> None:
    tokens = [r"x", r"^", r"{", r"2", r"}", r"+", r"\frac", r"{", r"a", r"}", r"{", r"b", r"}", r"}"]
    assert stretch_at(tokens, 1, 1) == ("^", "{", "2", "}")
    assert stretch_at(tokens, 6, 2) == (r"\frac", r"{", r"a", r"}", r"{", r"b", r"}")
    assert stretch_at(tokens, 0, 2) == ("x",)
    assert stretch_at(tokens, 0, 4) == ("x", "^", "{", "2", "}")
    assert stretch_at(tokens, 12, 1) == ()


def test_how_far_a_brace_can_move() -> None:
    tokens = ["x", "_", "{", "i", "+", "1", "}", "y", "^", "{", "2", "}", "z"]
    assert shift_at(tokens, 6, -2) == -2
    assert shift_at(tokens, 6, -9) == -2
    assert shift_at(tokens, 6, 1) == 1
    assert shift_at(tokens, 6, 4) == 5
    assert shift_at(tokens, 11, -1) == 0


def test_rates_fall_back_on_the_general() -> None:
    rates = Rates()
    for hit in (True, False, False, False):
        rates.add_site(("a", "letter"))
        if hit:
            rates.add_hit(("a", "letter"))
    assert 0 < rates.rate(("b", "letter")) < rates.rate(("a", "letter")) < 0.25
    choices = Choices()
    choices.add(("a", "letter"), ("d",))
    assert choices.weights(("b", "letter")) == {("d",): 1.0}
    assert choices.weights(("b", "digit")) == {}

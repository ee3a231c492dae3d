"""The reward functions: their values, what they leave out, what earns nothing, and that nothing makes them raise."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mumer_data import rewards
from mumer_data.latex.normalize import normalize
from mumer_data.readers.predictions import load_predictions
from mumer_data.rewards.canonical import canonical
from mumer_data.rewards.compared import compared
from mumer_data.rewards.hostile import exploits, hostile_completions
from mumer_data.tasks import TASKS, task_class
from mumer_data.tasks.tree_cot import TreeCot
from tests.latex.labels import labels

Reward = Callable[..., list[float | None]]
NAMES = list(rewards.REWARDS)
LABEL = r"\frac { x ^ { 2 } + 1 } { y }"
OTHER_TASKS = ("self_consistent",)  # asks nothing about the reference


def reward(name: str) -> Reward:
    found: Reward = rewards.REWARDS.load(name)
    return found


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OTHER_TASKS])
@pytest.mark.parametrize(
    "completion",
    [
        pytest.param(LABEL, id="label"),
        pytest.param(r"\frac{x^2+1}y", id="raw"),
        pytest.param(f"$${LABEL}$$", id="display"),
        pytest.param(f"The formula in the image is: ${LABEL}$.", id="sentence"),
        pytest.param([{"role": "assistant", "content": LABEL}], id="chat"),
        pytest.param([{"role": "assistant", "content": [{"type": "text", "text": LABEL}]}], id="chat parts"),
        pytest.param(task_class("tree_cot")().sample(LABEL).answer, id="tree"),
        pytest.param(task_class("symbol_count")().sample(LABEL).answer, id="counts"),
    ],
)
def test_a_right_answer_earns_everything(name: str, completion: object) -> None:
    assert reward(name)([completion], [LABEL], prompts=["What is this?"]) == [1.0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("label", [LABEL, "x", "1 + 1", r"\left ( a _ { 1 } \right ) ^ { n }"])
def test_exploits_earn_nothing(name: str, label: str) -> None:
    values = {kind: reward(name)([text], [label]) for kind, text in exploits(label).items()}
    assert {kind: value for kind, value in values.items() if value != [0.0]} == {}


def test_the_prompt_that_a_trainer_passes_along_earns_nothing() -> None:
    prompt = "Transcribe the handwritten formula in this picture, please."
    chat = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}]
    for prompts in ([prompt], [chat]):
        assert rewards.exact([f"{prompt}\n{LABEL}"], [LABEL], prompts=prompts) == [0.0]
    assert rewards.exact([LABEL], [LABEL], prompts=[prompt]) == [1.0]


@pytest.mark.parametrize("command", [r"\text { i f }", r"\color { red } x", r"\hspace { 1 c m }", r"\phantom { x }"])
def test_what_the_reference_has_itself_is_no_exploit(command: str) -> None:
    label = f"x {command} y"
    assert rewards.parses([label], [label]) == [1.0]
    assert rewards.exact([label], [label]) == [1.0]


def test_rows_of_a_matrix_are_no_candidates() -> None:
    label = r"\begin{matrix} a & b \\ c & d \end{matrix}"
    assert rewards.exact([label], [label]) == [1.0]
    wrong = r"\begin{matrix} a & b \\ c & d \\ e & f \end{matrix}"
    (value,) = rewards.edit_similarity([wrong], [label])
    assert value is not None
    assert 0 < value < 1
    lines = r"a = b \\ c = d"
    assert rewards.exact(["a = b \\\\\nc = d"], [lines]) == [1.0]


@pytest.mark.parametrize(
    ("name", "completion", "value"),
    [
        ("edit_similarity", "a + c", 2 / 3),
        ("edit_similarity", "a + b + c + d + e", 0.0),
        ("tree_similarity", "a - b", 2 / 3),
        ("structure", "x + y", 1.0),
        ("structure", "x ^ { y }", 0.0),
        ("parses", "x +", 1.0),
        ("parses", r"\frac { a", 0.0),
        ("exact", "a - b", 0.0),
        ("cdm", "a + c", 0.667),
        ("visual", "a + c", 0.0),
        ("concise", "1 " * 30, 0.0),
        ("concise", "a + c", 1.0),
    ],
)
def test_values(name: str, completion: str, value: float) -> None:
    assert reward(name)([completion], ["a + b"]) == [pytest.approx(value)]


def test_two_spellings_of_one_picture() -> None:
    pair = ["x ^ { 2 } _ { 1 }"], ["x _ { 1 } ^ { 2 }"]
    assert (rewards.exact(*pair), rewards.visual(*pair), rewards.cdm(*pair)) == ([0.0], [1.0], [1.0])


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("parses", "concise", "self_consistent")])
@pytest.mark.parametrize("label", [r"\frac { a", "", "x }", None, 3])
def test_a_reference_that_cannot_be_read_is_left_out(name: str, label: object) -> None:
    assert reward(name)(["x"], [label]) == [None]


@pytest.mark.parametrize("name", ["visual", "cdm", "rating"])
def test_a_reference_that_cannot_be_typeset_is_left_out(name: str) -> None:
    long = " + ".join(["x"] * 300)
    assert reward(name)(["x"], [long]) == [None]
    assert reward(name)([long], [long]) == [None]


def test_self_consistency() -> None:
    tree = task_class("tree_cot")().sample(LABEL).answer
    slt = TreeCot(dialect="slt").sample(LABEL).answer
    counts = task_class("symbol_count")().sample(LABEL).answer
    mixed = f"{tree.rpartition(chr(10))[0]}\nx + y"
    rows = [tree, slt, counts, mixed, LABEL]
    assert rewards.self_consistent(rows, LABEL) == [1.0, 1.0, 1.0, 0.0, 0.0]
    tasks = ["tree_cot", "tree_cot", "tree_cot", "tree_cot", "recognition"]
    assert rewards.self_consistent(rows, LABEL, task=tasks) == [1.0, 1.0, 0.0, 0.0, None]


def test_self_consistency_of_compact_trees_needs_the_name_of_the_dialect() -> None:
    compact = TreeCot(dialect="compact").sample(LABEL).answer
    assert rewards.self_consistent([compact], LABEL) == [0.0]
    assert rewards.self_consistent([compact, compact], LABEL, dialect=["compact", "slt"]) == [1.0, 0.0]
    assert rewards.self_consistent(["x + y\nx + y"], "x + y", dialect="unheard") == [0.0]


def test_a_repetition_that_the_label_has_is_concise() -> None:
    label = " ".join(["1 ,"] * 12)
    assert rewards.concise([label], [label]) == [1.0]
    assert rewards.concise([f"{label} {'1 , ' * 6}"], [label]) == [0.0]


def test_one_label_for_all_and_labels_under_another_name() -> None:
    assert rewards.exact(["x", "y"], "x") == [1.0, 0.0]
    assert rewards.exact(["x", "y"], solution=["x", "x"]) == [1.0, 0.0]
    assert rewards.exact(["x", "y"], ["x"]) == [1.0, None]


@pytest.mark.parametrize("completion", [None, 3, [], {}, [{}], [{"content": None}], [[3]], b"x", [{"content": [3]}]])
def test_what_is_not_a_completion_earns_nothing(completion: object) -> None:
    for name in NAMES:
        assert reward(name)([completion], ["x"]) == [0.0]


@given(st.text(max_size=60), labels())
def test_nothing_raises_and_values_are_bounded(text: str, label: str) -> None:
    for name in NAMES:
        for value in reward(name)([text, f"{label} {text}"], [label, label]):
            assert value is None or 0 <= value <= 1


def test_hostile_completions_earn_no_more_than_honest_ones(shared: Path, caplog: pytest.LogCaptureFixture) -> None:
    truths = [row.label for row in load_predictions(shared / "golden/predictions/crohme_2014_3b_pred.json")][:100]
    pairs = list(hostile_completions(truths, 300))
    assert pairs == list(hostile_completions(truths, 300))
    with caplog.at_level(logging.WARNING):
        for name in NAMES:
            values = reward(name)([text for text, _ in pairs], [label for _, label in pairs])
            assert all(value is None or 0 <= value <= 1 for value in values)
    assert not [record for record in caplog.records if record.name.startswith("mumer_data.rewards")]


def test_a_reward_that_raises_earns_nothing_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    from mumer_data.rewards.compared import per_completion

    def broken(pair: object) -> float:
        raise RecursionError("too deep")

    with caplog.at_level(logging.WARNING):
        assert per_completion(broken, ["x"], "x", {}) == [0.0]
    assert "too deep" in caplog.text


def test_a_runaway_completion_is_not_read() -> None:
    assert compared("x " * 500_000, "x").exploit == "too_long"
    assert rewards.exact(["x " * 500_000], ["x"]) == [0.0]


@pytest.mark.parametrize(
    "label", ["x ^ {", "x }", "{ x } }", r"\{ x }", r"\left { x \right }", "x ^ 2", "} {", r"\frac { a }"]
)
def test_unbalanced_braces(label: str) -> None:
    assert canonical(label, "crohme") == _attempt(normalize, label)


@settings(max_examples=500)
@given(labels())
def test_the_short_way_is_the_normaliser(label: str) -> None:
    assert canonical(label, "crohme") == _attempt(normalize, label)


@pytest.mark.parametrize("preset", ["crohme", "hme100k", "mathwriting", "im2latex"])
def test_the_short_way_is_the_normaliser_on_real_answers(shared: Path, preset: str) -> None:
    rows = load_predictions(shared / "golden/predictions/crohme_2014_3b_pred.json")
    for text in [text for row in rows for text in (row.label, row.prediction)]:
        assert canonical(text, preset) == _attempt(lambda raw: normalize(raw, preset), text)


def _attempt(function: Callable[[str], str], text: str) -> str | None:
    from mumer_data.exceptions import LatexSyntaxError

    try:
        return function(text)
    except LatexSyntaxError:
        return None


def test_own_prompts_are_known() -> None:
    for name in TASKS:
        assert compared(f"{task_class(name).prompt}\nx", "x").exploit == "prompt"

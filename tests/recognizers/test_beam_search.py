"""Beam search: against all texts of a small language, and with the bundled model."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

import mumer_data
from mumer_data.latex.parser import try_parse
from mumer_data.recognizers import RecognizerError
from mumer_data.recognizers.beam_search import BeamSearch, Floats

TOKENS = ["<s>", "</s>", "{", "}", "^", "x"]
LONGEST = 5


def _table(seed: int) -> Floats:
    """Log probabilities of the next token after each token; the start is not a next token."""
    weights = np.random.default_rng(seed).gumbel(size=(len(TOKENS), len(TOKENS))).astype(np.float32) * 2
    weights[:, 0] = -np.inf
    logs: Floats = weights - np.logaddexp.reduce(weights, axis=1, keepdims=True)
    return logs


def _search(num_beams: int, *, constrained: bool, length_penalty: float = 1.0) -> BeamSearch:
    return BeamSearch(0, 1, TOKENS, {0, 1}, num_beams, length_penalty, constrained, LONGEST)


def _tokens(search: BeamSearch, logs: Floats) -> tuple[int, ...]:
    history: list[tuple[int, ...]] = [()]

    def next_token(appended: Sequence[int], sources: Sequence[int]) -> Floats:
        history[:] = [(*history[source], token) for source, token in zip(sources, appended, strict=True)]
        return logs[[one[-1] for one in history]]

    return search.best(next_token).tokens


def _best_of_all(search: BeamSearch, logs: Floats) -> tuple[int, ...]:
    best: tuple[int, ...] = ()
    highest = -np.inf
    for length in range(1, LONGEST + 1):
        for body in product(range(2, len(TOKENS)), repeat=length - 1):
            if search.constrained and try_parse([TOKENS[number] for number in body]) is None:
                continue
            text = (*body, 1)
            value = sum(logs[a, b] for a, b in zip((0, *text), text, strict=False)) / length**search.length_penalty
            best, highest = (text, value) if value > highest else (best, highest)
    return best


@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("length_penalty", [0.0, 0.5, 1.0])
def test_a_wide_beam_finds_the_best_of_all_texts(constrained: bool, length_penalty: float) -> None:
    search = _search(2000, constrained=constrained, length_penalty=length_penalty)
    for seed in range(20):
        logs = _table(seed)
        assert _tokens(search, logs) == _best_of_all(search, logs)


def test_one_beam_takes_the_likeliest_token() -> None:
    for seed in range(20):
        greedy: list[int] = []
        logs, token = _table(seed), 0
        while len(greedy) < LONGEST and (not greedy or greedy[-1] != 1):
            token = int(logs[token].argmax())
            greedy.append(token)
        if greedy[-1] == 1:
            assert _tokens(_search(1, constrained=False, length_penalty=0.0), logs)[: len(greedy)] == tuple(greedy)


def test_a_constrained_text_parses_whatever_the_model_says() -> None:
    for seed in range(200, 300):
        tokens = _tokens(_search(3, constrained=True), _table(seed))
        if tokens[-1] == 1:
            assert try_parse([TOKENS[number] for number in tokens[:-1]]) is not None
        else:
            assert len(tokens) == LONGEST


def test_with_the_bundled_model() -> None:
    pytest.importorskip("onnxruntime", reason="needs onnxruntime: pip install 'mumer-data[mini]'")
    from mumer_data.recognizers.onnx import BUNDLED, OnnxModel, SearchOptions

    labels = ["x + 1", "\\frac { 1 } { 2 }", "a ^ { 2 } + b ^ { 2 }", "\\sqrt { x }", "x _ { 1 }", "\\sum _ { i } i"]
    model = OnnxModel(BUNDLED)
    wider = 0.0
    for seed, label in enumerate(labels * 2):
        buffer = io.BytesIO()
        mumer_data.handwrite(label, seed=seed).image.save(buffer, "PNG")
        greedy, score, count = model.read_one(buffer.getvalue())
        searched, total, length = model.search(buffer.getvalue(), SearchOptions(num_beams=6, constrained=True))
        assert try_parse(searched.split()) is not None
        (scored,) = model.score(buffer.getvalue(), [searched.split()])
        assert scored == pytest.approx(total, rel=0.1, abs=0.3)  # int8: the activations of a batch share a scale
        wider += total / length - score / count if try_parse(greedy.split()) is not None else 0.0
    assert wider > -0.1


def test_options_from_python() -> None:
    pytest.importorskip("onnxruntime", reason="needs onnxruntime: pip install 'mumer-data[mini]'")
    image = mumer_data.handwrite("x + 1", seed=3).image
    (text,) = mumer_data.recognize([image], num_beams=4, constrained=True)
    assert try_parse(text.split()) is not None
    assert mumer_data.recognize([image], num_beams=4, constrained="recognition") == [text]
    with pytest.raises(RecognizerError, match="num_beams"):
        mumer_data.recognize([image], num_beams=0)
    with pytest.raises(RecognizerError, match="writes labels only"):
        mumer_data.recognize([image], constrained="tree_cot")

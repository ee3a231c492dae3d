"""Constrained decoding: a model that knows nothing writes labels nevertheless, and only because of the grammar."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from mumer_train.constrained import Constraint, grammar_of, label_grammar, tree_grammar
from mumer_train.dependencies import TrainingError
from mumer_train.processor import Processor

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.jobs.predict import predict
from mumer_data.latex.parser import parse
from mumer_data.latex.serialize import DIALECTS, label_text
from mumer_data.recognizers import Sampling, recognizer
from tests.latex.labels import labels

pytest.importorskip("llguidance", reason="needs llguidance: pip install '.[train]'")


def accepts(constraint: Constraint, processor: Processor, text: str) -> bool:
    matcher = constraint.matcher.deep_copy()
    tokens = processor.tokenizer(text, add_special_tokens=False)["input_ids"]
    return bool(matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting())


@pytest.fixture(scope="module")
def label_constraint(processor: Processor) -> Constraint:
    return Constraint(processor.tokenizer, label_grammar())


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("x ^ { 2 }", True),
        ("\\sqrt [ 3 ] { x } + \\int _ { 0 } ^ { 1 }", True),
        ("\\begin {cases} a & b \\\\ c \\end {cases}", True),
        ("\\begin {array} { l l } a \\end {array}", True),
        ("\\begin{matrix} a \\end{matrix}", True),
        ("n \\choose k", True),
        ("x ^ 2", False),
        ("\\frac { a }", False),
        ("x  y", False),
        (" x", False),
        ("x ", False),
        ("", False),
        ("\\foo", False),
        ("}", False),
    ],
)
def test_the_text_grammar_is_the_token_grammar(
    label_constraint: Constraint, processor: Processor, text: str, fine: bool
) -> None:
    assert accepts(label_constraint, processor, text) is fine


def test_labels_and_their_trees_are_accepted(processor: Processor, label_constraint: Constraint) -> None:
    trees = {dialect: Constraint(processor.tokenizer, tree_grammar(dialect)) for dialect in DIALECTS}

    @settings(deadline=None)
    @given(labels())
    def check(label: str) -> None:
        try:
            parse(label, strict=True)
        except LatexSyntaxError:
            return
        if not label.isascii():
            return
        assert accepts(label_constraint, processor, label), label
        if parse(label).depth < 8:
            for dialect, constraint in trees.items():
                assert accepts(constraint, processor, f"{label_text(label, dialect)}\n{label}"), (dialect, label)

    check()


@pytest.mark.parametrize(
    ("tree", "fine"),
    [
        ("x\n\t(sup) 2\n+ y", True),
        ("x\n\t2\n+ y", False),
        ("x (sup) 2", False),
        ("x\n\t\t(sup) 2", False),
        ("x\n\t(beside) 2", False),
    ],
)
def test_the_grammar_of_compact_trees(processor: Processor, tree: str, fine: bool) -> None:
    constraint = Constraint(processor.tokenizer, grammar_of("tree_cot", "compact"))
    assert accepts(constraint, processor, f"{tree}\nx ^ {{ 2 }} + y") is fine


def parses(text: str) -> bool:
    """One line, a label of known commands and single signs: unknown words are symbols to the parser."""
    if "\n" in text or any(len(token) > 1 and not token.startswith(("\\", "{")) for token in text.split()):
        return False
    try:
        parse(text, strict=True)
    except LatexSyntaxError:
        return False
    return True


def test_a_thousand_answers_of_a_model_that_knows_nothing(tiny: Path, shards: Path, tmp_path: Path) -> None:
    drawn = Sampling(temperature=1.0, seed=1, max_tokens=32)
    for grammar in (label_grammar(), ""):
        maker = partial(recognizer, "transformers", model=str(tiny), batch=128, grammar=grammar)
        out = tmp_path / f"{bool(grammar)}.parquet"
        rows = pd.read_parquet(predict(maker, "tiny", str(shards / "few"), out, samples=32, sampling=drawn))
        assert len(rows) == 1024
        fine = rows["answer"].map(parses)
        if grammar:
            assert fine.all(), rows[~fine]["answer"].tolist()[:5]
        else:  # one letter that happens to end at once is a label
            assert rows[fine]["answer"].str.len().le(1).all(), rows[fine]["answer"].tolist()
            assert fine.mean() < 0.005
    assert rows["pred"].nunique() > 100


def test_only_tasks_with_a_grammar() -> None:
    assert grammar_of("recognition") == label_grammar()
    with pytest.raises(TrainingError, match="no grammar for answers of symbol_count"):
        grammar_of("symbol_count")


def test_a_grammar_that_is_none_is_an_error(processor: Processor) -> None:
    with pytest.raises(TrainingError, match="cannot use the grammar"):
        Constraint(processor.tokenizer, "start: NOTHING")

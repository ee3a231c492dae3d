"""Labels of a grammar: they parse, are balanced, new, as many as asked for, and the same however they are drawn."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mumer_data.exceptions import GenerationError
from mumer_data.generate.atoms import UnbalancedError, atoms_of
from mumer_data.generate.backoff import Backoff, uniforms
from mumer_data.generate.collect import OUTCOMES, collect
from mumer_data.generate.fit import Fitted, fit
from mumer_data.generate.grammar import Grammar
from mumer_data.generate.quotas import Bin, Quota, largest_remainders, read_lengths
from mumer_data.generate.weights import SamplingWeights, shares_of
from mumer_data.latex.normalize import normalize
from mumer_data.latex.parser import parse
from mumer_data.latex.to_latex import to_latex
from mumer_data.seeding import rng_for

CORPUS = [
    *(rf"{a} ^ {{ {n} }} + {b} _ {{ {n} }} = {n}" for a in "xyz" for b in "abc" for n in "123"),
    *(rf"\frac {{ {a} }} {{ {b} + 1 }}" for a in "xyzuv" for b in "abc"),
    *(rf"\int _ {{ 0 }} ^ {{ {n} }} {a} d {a}" for a in "xyt" for n in "123"),
    *(rf"( {a} - {b} ) [ {n} , {b} ]" for a in "xy" for b in "ab" for n in "12"),
    *(rf"| {a} | < \sqrt {{ {b} }}" for a in "xyz" for b in "ab"),
    *(rf"\begin {{matrix}} {a} & {b} \\ {n} & 0 \end {{matrix}}" for a in "xy" for b in "ab" for n in "12"),
    *(rf"\{{ {a} | {a} > {n} \}}" for a in "xyz" for n in "12"),
    *(rf"\sum \limits _ {{ i = 1 }} ^ {{ {n} }} {a} _ {{ i }}" for a in "xy" for n in "nm"),
]


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return fit(CORPUS)


def drawn(fitted: Fitted, count: int, **kwargs: object) -> list[str]:
    quota = Quota(count, fitted.sizing.like_corpus(), False, known=frozenset(CORPUS), **kwargs)  # type: ignore[arg-type]
    return [one.label for one in collect(fitted.source, quota, workers=1).labels]


def test_drawn_labels_parse_are_new_canonical_and_balanced(fitted: Fitted) -> None:
    labels = drawn(fitted, 400)
    assert len(set(labels)) == 400
    assert not set(labels) & set(CORPUS)
    for label in labels:
        tree = parse(label, strict=True)
        assert normalize(label) == label == to_latex(tree)
        rows = [tree.symbols, *(row for _, symbol in tree.walk() for _, row in symbol.branches)]
        for row in rows:
            atoms_of(row)  # raises UnbalancedError
        assert "{ }" not in label
        assert "\\int _" not in label or " d " in label


@pytest.mark.parametrize("label", ["( a", "a )", "( a \\} )", r"\left ( a )", r"( \begin {matrix} a ) \end {matrix}"])
def test_unbalanced_labels_are_passed_over(label: str) -> None:
    grammar = Grammar()
    assert not grammar.count(parse(label))
    assert (grammar.trees, grammar.unbalanced) == (0, 1)


@pytest.mark.parametrize(
    ("label", "roles"),
    [
        ("| a | b |", "(.).."),
        (r"\int f d x", "(.)."),
        (r"\int f", ".."),
        ("( 0 , 1 ]", "(...)"),
        (r"\left ( a \right )", "(.)"),
        (r"\{ x | y \}", "(...)"),
    ],
)
def test_roles_of_atoms(label: str, roles: str) -> None:
    assert "".join(atom.role or "." for atom, _ in atoms_of(parse(label).symbols)) == roles


def test_sized_delimiters_are_kept_in_pairs() -> None:
    corpus = [rf"\left ( {a} \right ] + \left . {b} \right |" for a in "abc" for b in "xyz"]
    found = fit(corpus, preset="none")
    labels = [one.label for one in collect(found.source, Quota(9, found.sizing.like_corpus(), False), workers=1).labels]
    assert all(label.count("\\left") == label.count("\\right") for label in labels)


def test_the_result_does_not_depend_on_workers_or_size_of_chunks(fitted: Fitted) -> None:
    from dataclasses import replace

    quota = Quota(300, fitted.sizing.like_corpus(), False)
    small = replace(fitted.source, chunk=150)
    one, two = (collect(small, quota, seed=3, workers=n) for n in (1, 2))
    assert one == two
    assert collect(small, quota, seed=4, workers=1).labels != one.labels
    assert sum(one.counts.values()) == one.drawn
    assert set(one.counts) <= set(OUTCOMES)


def test_lengths_and_depths_are_those_of_the_corpus(fitted: Fitted) -> None:
    quota = Quota(200, fitted.sizing.like_corpus(), False)
    found = collect(fitted.source, quota, workers=1)
    cells = Counter(quota.bin_of(one.label.count(" ") + 1, one.depth) for one in found.labels)
    assert [cells[place] for place in range(len(quota.bins))] == found.filled
    assert sum(abs(a - b) for a, b in zip(found.filled, quota.quotas(), strict=True)) < 60


def test_asked_lengths_are_met_exactly(fitted: Fitted) -> None:
    bins = fitted.sizing.bins(read_lengths("3-9:1,10-20:3"))
    found = collect(fitted.source, Quota(100, bins), workers=1)
    lengths = [one.label.count(" ") + 1 for one in found.labels]
    assert sum(3 <= n <= 9 for n in lengths) == 25
    assert sum(10 <= n <= 20 for n in lengths) == 75


def test_excluded_labels_are_never_drawn(fitted: Fitted) -> None:
    first = drawn(fitted, 100)
    second = drawn(fitted, 100, excluded=frozenset(first))
    assert not set(first) & set(second)


def test_an_impossible_demand_says_how_many_there_are_and_why(fitted: Fitted) -> None:
    with pytest.raises(
        GenerationError, match=r"found only \d+ of 5,000 labels .* 1 tokens \(\d+ of 5,000\).*drawn before"
    ):
        collect(fitted.source, Quota(5_000, (Bin(1, 1, 1.0, None, (("0.0", 1.0),)),)), workers=1)
    with pytest.raises(GenerationError, match="no label to learn from"):
        fit(["( a"])


def test_emphasis_makes_rare_and_confused_symbols_frequent() -> None:
    corpus = [*CORPUS, r"\omega + x", r"x + \omega"]
    plain = fit(corpus)
    assert plain.target == plain.corpus
    emphasis = SamplingWeights(0.2, 0.2, {("z", "2"): 8, ("\\omega", "w"): 2})
    found = fit(corpus, emphasis=emphasis)
    quota = Quota(600, found.sizing.like_corpus(), False)
    shares = shares_of(one.label for one in collect(found.source, quota, workers=1).labels)
    for token in ("z", "2", "\\omega"):
        assert shares[token] > 1.3 * found.corpus[token], token
    assert found.target["\\omega"] > 5 * found.corpus["\\omega"]
    assert sum(found.target.values()) == pytest.approx(1)
    with pytest.raises(GenerationError, match="none of the confused symbols"):
        fit(corpus, emphasis=SamplingWeights(0, 0.2, {("Q", "O"): 1}))
    with pytest.raises(GenerationError, match="less than 1"):
        SamplingWeights(0.6, 0.4)


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=20), st.integers(0, 500))
def test_largest_remainders_sum_to_the_count(shares: list[float], count: int) -> None:
    found = largest_remainders(shares, count)
    assert sum(found) == count
    assert all(abs(n - share / sum(shares) * count) < 1 for n, share in zip(found, shares, strict=True))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=60), st.integers(0, 100))
def test_a_weight_of_nothing_leaves_the_rest_in_proportion(seen: list[tuple[int, int]], seed: int) -> None:
    backoff: Backoff[int] = Backoff()
    for context, outcome in seen:
        backoff.count([(0, context), (1,)], outcome)
    backoff.build_tables(lambda outcome: 0.0 if outcome == 0 else 1.0)
    numbers = uniforms(np.random.default_rng(seed))
    if any(outcome for _, outcome in seen):
        allowed = {outcome for _, outcome in seen} - {0}
        assert all(backoff.draw([(0, context), (1,)], numbers) in allowed for context, _ in seen)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_any_draw_of_the_grammar_is_a_label(seed: int) -> None:
    fitted = _once()
    tree = fitted.source.grammar.draw(rng_for(seed, "x", "test"), "")
    label = to_latex(tree)
    assert parse(label) == tree


def _once(found: list[Fitted] = []) -> Fitted:  # noqa: B006 - fitted once for all examples
    if not found:
        found.append(fit(CORPUS))
    return found[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5-3", "is not a length"),
        ("a", "is not a length"),
        ("1-5:0,6-9", "is not a length"),
        ("1-5,5-9", "overlap at 5"),
        ("", "is not a length"),
    ],
)
def test_lengths_that_make_no_sense(text: str, message: str) -> None:
    with pytest.raises(GenerationError, match=message):
        read_lengths(text)


def test_unbalanced_is_a_signal() -> None:
    with pytest.raises(UnbalancedError):
        atoms_of(parse(r"\left ( a").symbols)

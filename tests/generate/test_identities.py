"""Facts are true: checked by numbers when they are made, and here again by reading the labels back."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
import sympy

from mumer_data.exceptions import GenerationError
from mumer_data.generate.collect import Dropped, collect
from mumer_data.generate.identities import FAMILIES, Kind, statement_kinds_of
from mumer_data.generate.identities.pick import Fact, Pick, equation
from mumer_data.generate.identities.source import fact_source
from mumer_data.generate.identities.write import holds, write
from mumer_data.generate.quotas import Bin, Quota
from mumer_data.generate.weights import SamplingWeights
from mumer_data.latex.normalize import normalize
from mumer_data.latex.parser import parse
from mumer_data.metrics.to_sympy import NotConvertibleError, to_sympy
from mumer_data.seeding import rng_for

KINDS = sorted(
    {kind for family in FAMILIES for kind in statement_kinds_of(family)},
    key=lambda kind: (kind.__module__, kind.__name__),
)


def pick(number: int, stage: str = "test") -> Pick:
    return Pick(rng_for(0, str(number), stage))


@pytest.mark.parametrize("kind", KINDS, ids=[f"{kind.__module__.split('.')[-1]}-{kind.__name__}" for kind in KINDS])
def test_every_kind_gives_canonical_labels_that_hold(kind: Kind) -> None:
    labels, outcomes = set(), set()
    for number in range(12):
        drawn = pick(number, kind.__name__)
        try:
            label = write(kind(drawn), drawn, "crohme")
        except Dropped as dropped:
            outcomes.add(dropped.outcome)
            continue
        parse(label, strict=True)
        assert normalize(label) == label
        labels.add(label)
    assert len(labels) >= 5
    assert outcomes <= {"unreadable"}  # letters that spell a function


@pytest.mark.parametrize("family", ["algebra", "trigonometry"])
def test_both_sides_are_equal_when_read_back(family: str) -> None:
    found = collect(fact_source([family]), Quota(80), seed=5, workers=1)
    read = 0
    for one in found.labels:
        try:
            statement = to_sympy(parse(one.label))
        except NotConvertibleError:
            continue
        if statement.relations != ("=",):
            continue
        left, right = (side.subs(sympy.Symbol("i"), sympy.I) for side in statement.sides)
        if left.free_symbols and right.free_symbols and not left.free_symbols & right.free_symbols:
            continue  # the law of cosines ties letters to each other: no identity
        assert holds(left, right, pick(7)), one.label
        read += 1
    assert read >= 40


def test_integrals_and_limits_agree_with_numbers() -> None:
    from sympy import Integral, Limit

    from mumer_data.generate.identities import calculus

    for kind in (calculus.definite, calculus.improper, calculus.limit_at_infinity, calculus.limit_at_point):
        for number in range(6):
            parts: tuple[Any, ...] = kind(pick(number)).parts
            left, _, right = parts
            names = sorted(left.free_symbols, key=str)
            place = {name: sympy.Rational(7, 5) for name in names}
            if isinstance(left, Integral):
                value = left.subs(place).evalf(12, maxn=60)
                if "sin" in str(left) and left.limits[0][2] == sympy.oo:  # too slow to add up
                    continue
            else:
                assert isinstance(left, Limit)
                value = left.subs(place).doit()
            assert sympy.N(value) == pytest.approx(sympy.N(right.subs(place)), rel=1e-6), left


def test_what_does_not_hold_is_dropped() -> None:
    x = sympy.Symbol("x")
    with pytest.raises(Dropped) as caught:
        write(equation((x + 1) ** 2, x**2 + 1), pick(0), "crohme")
    assert caught.value.outcome == "untrue"
    assert not holds(sympy.zoo, sympy.zoo + x, pick(0))
    assert not holds(sympy.Matrix([1, 2]), sympy.Matrix([[1, 2]]), pick(0))


def test_letters_that_spell_a_function_are_dropped() -> None:
    with pytest.raises(Dropped) as caught:
        write(Fact(("t a n + 1",), ()), pick(0), "crohme")
    assert caught.value.outcome == "unreadable"


def test_families_lengths_and_emphasis() -> None:
    source = fact_source(["series", "matrices"])
    found = collect(source, Quota(40, (Bin(5, 40, 1.0),)), workers=1)
    assert {one.kind for one in found.labels} == {"series", "matrices"}
    assert all(5 <= one.label.count(" ") + 1 <= 40 for one in found.labels)
    marked = fact_source(
        ["algebra"], emphasis=SamplingWeights(0, 0.9, {("X", "x"): 3, ("\\gamma", "y"): 1, ("2", "z"): 9})
    )
    labels = [one.label for one in collect(marked, Quota(60), workers=1).labels]
    plain = [one.label for one in collect(fact_source(["algebra"]), Quota(60), workers=1).labels]
    assert sum("X" in label.split() for label in labels) > 5 > sum("X" in label.split() for label in plain)
    with pytest.raises(GenerationError, match="unknown family 'poetry': known are algebra"):
        fact_source(["poetry"])


def test_facts_do_not_depend_on_the_order_of_sets() -> None:
    code = (
        "from mumer_data.generate.identities.source import fact_source;"
        "from mumer_data.generate.collect import collect;"
        "from mumer_data.generate.quotas import Quota;"
        "print([one.label for one in collect(fact_source(()), Quota(60), workers=1).labels])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1

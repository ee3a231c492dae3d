"""Random formulas of school and first-year mathematics, from a hand-written grammar.

The grammar does not use any corpus, so the licence of a corpus does not apply. Not for labels like those of a corpus:
see `mumer_data.generate`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.normalize import normalize
from mumer_data.seeding import rng_for
from mumer_train.from_scratch.formula_families import FormulaFamilies, fraction, indexed, power
from mumer_train.from_scratch.random_symbols import RandomSymbols

MAX_TOKENS = 64
Maker = Callable[[], list[str]]
_FUNCTIONS = (r"\sin", r"\cos", r"\tan", r"\log", r"\sin", r"\cos", r"\ln", r"\exp")
_RELATIONS = ("=", "=", "=", "=", "=", "<", ">", r"\leq", r"\geq", r"\neq", r"\rightarrow", r"\in")
_OPERATORS = (*("+",) * 12, *("-",) * 9, *(r"\times",) * 2, r"\cdot", r"\pm", r"\div", "/")


class SchoolLabels:
    """Generator of one label; its letters are sampled once, so that a formula repeats them."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._draw = RandomSymbols(rng)
        self._families = FormulaFamilies(self._draw)

    def label(self) -> list[str]:
        """The tokens of one formula."""
        kinds: tuple[tuple[float, Maker], ...] = (
            (0.05, self._lone),
            (0.07, self._arithmetic),
            (0.18, lambda: self._expression(int(self._rng.integers(1, 3)))),
            (0.26, self._relation),
            (0.4, self._families.label),
            (0.07, self._listing),
            (0.06, self._definition),
            (0.05, self._fraction_chain),
            (0.04, self._bounds),
            (0.08, self._words),
        )
        return self._draw.choose(kinds)()

    def _scripted(self, base: list[str], depth: int) -> list[str]:
        point = self._draw.number()
        if point < 0.5:
            script = self._draw.small() if depth < 2 or self._draw.chance(0.8) else self._expression(depth - 2, 2)
            return power(base, script)
        if point < 0.85:
            return indexed(base, self._draw.small())
        if point < 0.97:
            return power(indexed(base, self._draw.small()), self._draw.small())
        return power(base, [r"\prime"])

    def _atom(self, depth: int) -> list[str]:
        point = self._draw.number()
        if point < 0.3:
            return self._draw.digits()
        if point < 0.68 or depth <= 0:
            letter = self._draw.letter()
            return self._scripted(letter, depth) if self._draw.chance(0.32) else letter
        kinds: tuple[tuple[float, Maker], ...] = (
            (0.34, lambda: self._fraction(depth)),
            (0.18, lambda: self._root(depth)),
            (0.2, lambda: self._bracketed(depth)),
            (0.16, lambda: self._function(depth)),
            (0.12, lambda: self._large(depth)),
            (0.06, lambda: ["|", *self._expression(depth - 1, 2), "|"]),
            (0.03, lambda: [*self._draw.letter(), "!"]),
            (0.04, lambda: [*self._draw.letter(), "(", *self._expression(depth - 1, 2), ")"]),
            (0.03, lambda: [r"\infty"]),
        )
        return self._draw.choose(kinds)()

    def _fraction(self, depth: int) -> list[str]:
        return fraction(self._expression(depth - 1, 3), self._expression(depth - 1, 3))

    def _root(self, depth: int) -> list[str]:
        index = ["[", *self._draw.small()[:1], "]"] if self._draw.chance(0.15) else []
        return [r"\sqrt", *index, "{", *self._expression(depth - 1, 3), "}"]

    def _bracketed(self, depth: int) -> list[str]:
        opening, closing = ("[", "]") if self._draw.chance(0.12) else ("(", ")")
        inside = [opening, *self._expression(depth - 1, 3), closing]
        return power(inside, self._draw.small()) if self._draw.chance(0.3) else inside

    def _function(self, depth: int) -> list[str]:
        name = [self._draw.of(_FUNCTIONS)]
        if self._draw.chance(0.2):
            name += ["_" if name[0] == r"\log" else "^", "{", *self._draw.small(), "}"]
        if self._draw.chance(0.45):
            return [*name, "(", *self._expression(depth - 1, 2), ")"]
        return name + (self._draw.letter() if self._draw.chance(0.7) else self._atom(depth - 1))

    def _large(self, depth: int) -> list[str]:
        """A sum, an integral or a limit with its argument."""
        body = self._expression(depth - 1, 2)
        letter = self._draw.letter()
        point = self._draw.number()
        if point < 0.4:
            low = [*letter, "=", *self._draw.digits(1)] if self._draw.chance(0.8) else letter
            high = self._draw.of(("n", r"\infty", "m", "k", "N", "1 0")).split()
            above = ["^", "{", *high, "}"] if self._draw.chance(0.85) else []
            return [r"\sum", "_", "{", *low, "}", *above, *body]
        if point < 0.8:
            ends = (
                ["_", "{", *self._draw.small(), "}", "^", "{", *self._draw.small(), "}"]
                if self._draw.chance(0.55)
                else []
            )
            return [r"\int", *ends, *body, "d", *letter]
        target = self._draw.of((r"\infty", "0", "1", "a")).split()
        return [r"\lim", "_", "{", *letter, r"\rightarrow", *target, "}", *body]

    def _term(self, depth: int) -> list[str]:
        tokens = self._atom(depth)
        while self._draw.chance(0.3):
            following = self._atom(depth - 1)
            if following[0].isdigit() and (tokens[-1].isdigit() or not self._draw.chance(0.15)):
                following = self._draw.letter()
            tokens = tokens + following
        return tokens

    def _expression(self, depth: int, longest: int = 4) -> list[str]:
        """Terms with signs between them, at most ``longest``."""
        tokens = ["-"] if self._draw.chance(0.1) else []
        tokens = tokens + self._term(depth)
        for _ in range(longest - 1):
            if not self._draw.chance(0.45):
                break
            tokens += [self._draw.of(_OPERATORS), *self._term(depth)]
        return tokens

    def _lone(self) -> list[str]:
        point = self._draw.number()
        if point < 0.3:
            return self._draw.digits()
        letter = [self._draw.new_letter()]
        return letter if point < 0.6 else self._scripted(letter, 1)

    def _arithmetic(self) -> list[str]:
        tokens = self._draw.digits()
        for _ in range(int(self._rng.integers(1, 4))):
            tokens += [self._draw.of(("+", "-", r"\times", r"\div", "/")), *self._draw.digits()]
        return [*tokens, "=", *self._draw.digits()] if self._draw.chance(0.6) else tokens

    def _relation(self) -> list[str]:
        depth = int(self._rng.integers(0, 3))
        left = self._term(0) if self._draw.chance(0.35) else self._expression(depth, 3)
        tokens = [*left, self._draw.of(_RELATIONS), *self._expression(depth, 3)]
        return [*tokens, self._draw.of(_RELATIONS), *self._expression(0, 2)] if self._draw.chance(0.12) else tokens

    def _listing(self) -> list[str]:
        letter = self._draw.letter()
        numbered = self._draw.chance(0.6)
        dots = self._draw.of((r"\ldots", r"\cdots"))
        between = [","] if dots == r"\ldots" or self._draw.chance(0.3) else [self._draw.of(("+", r"\times"))]
        items: list[list[str]] = []
        for number in ("1", "2", "3")[: int(self._rng.integers(1, 4))]:
            items.append(indexed(letter, [number]) if numbered else self._term(0))
        if self._draw.chance(0.6):
            items += [[dots], indexed(letter, [self._draw.of("nkmN")]) if numbered else self._term(0)]
        tokens = items[0]
        for item in items[1:]:
            tokens = [*tokens, *between, *item]
        if self._draw.chance(0.25):
            return [r"\{", *tokens, r"\}"]
        return ["(", *tokens, ")"] if self._draw.chance(0.2) else tokens

    def _definition(self) -> list[str]:
        argument = self._draw.letter()
        more = [",", *self._draw.letter()] if self._draw.chance(0.2) else []
        name = [self._draw.of("fghFGPyu")]
        if self._draw.chance(0.15):
            name = power(name, [r"\prime"])
        return [*name, "(", *argument, *more, ")", "=", *self._expression(int(self._rng.integers(1, 3)), 3)]

    def _fraction_chain(self) -> list[str]:
        tokens = self._fraction(1)
        if self._draw.chance(0.6):
            tokens = [*tokens, self._draw.of(("=", "+", "-", r"\times", r"\div")), *self._fraction(1)]
        return [*tokens, "=", *self._fraction(1)] if self._draw.chance(0.4) else tokens

    def _bounds(self) -> list[str]:
        less = self._draw.of(("<", r"\leq"))
        if self._draw.chance(0.5):
            return [*self._term(0), less, *self._draw.letter(), less, *self._term(0)]
        return [
            *self._draw.letter(),
            r"\in",
            self._draw.of("[("),
            *self._term(0),
            ",",
            *self._term(0),
            self._draw.of("])"),
        ]

    def _words(self) -> list[str]:
        """Quantifiers, products of bracketed terms, identities of angles."""
        point = self._draw.number()
        letter = self._draw.letter()
        if point < 0.2:
            return [self._draw.of((r"\forall", r"\exists")), *letter, r"\in", self._draw.of("RNXYSABCV")]
        if point < 0.6:
            return ["(", *self._expression(0, 2), ")", "(", *self._expression(0, 2), ")"]
        name = self._draw.of(_FUNCTIONS[:3])
        return [name, *self._draw.letter(), self._draw.of("+-="), self._draw.of(_FUNCTIONS[:3]), *self._draw.letter()]


def school_labels(count: int, seed: int = 0, exclude: frozenset[str] = frozenset()) -> list[str]:
    """Different canonical labels, none of them in ``exclude``; the same seed returns the same labels."""
    seen: set[str] = set()
    labels: list[str] = []
    number = 0
    while len(labels) < count:
        rng = rng_for(seed, str(number), "school-label")
        number += 1
        tokens = SchoolLabels(rng).label()
        if len(tokens) > MAX_TOKENS:
            continue
        try:
            label = normalize(" ".join(tokens), "crohme")
        except LatexSyntaxError:
            continue
        if label not in seen and label not in exclude:
            seen.add(label)
            labels.append(label)
    return labels

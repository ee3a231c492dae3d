"""Common families of formulas: polynomials, derivatives, series, identities, powers of ten.

A grammar of random terms rarely produces them, and a reader that was not trained on them confuses `2` and `z` where
only a number makes sense. Not for single letters and digits: see `random_symbols`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mumer_train.from_scratch.random_symbols import RandomSymbols

_ANGLES = ("x", r"\theta", r"\alpha", "t", r"\beta", "y", "a", r"\phi")
_TRIGONOMETRIC = (r"\sin", r"\cos", r"\tan", r"\sin", r"\cos")


def power(base: Sequence[str], exponent: Sequence[str]) -> list[str]:
    """``base ^ { exponent }``."""
    return [*base, "^", "{", *exponent, "}"]


def indexed(base: Sequence[str], index: Sequence[str]) -> list[str]:
    """``base _ { index }``."""
    return [*base, "_", "{", *index, "}"]


def fraction(top: Sequence[str], bottom: Sequence[str]) -> list[str]:
    r"""``\frac { top } { bottom }``."""
    return [r"\frac", "{", *top, "}", "{", *bottom, "}"]


class FormulaFamilies:
    """Formulas of one author, with the letters of a `RandomSymbols`."""

    def __init__(self, draw: RandomSymbols) -> None:
        self._draw = draw

    def label(self) -> list[str]:
        """The tokens of one formula of a random family."""
        families: tuple[tuple[float, Callable[[], list[str]]], ...] = (
            (0.18, self._equation),
            (0.12, self._law),
            (0.1, self._derivative),
            (0.08, self._exponential),
            (0.1, self._series),
            (0.1, self._identity),
            (0.08, self._integral),
            (0.07, self._limit),
            (0.07, self._numbers),
            (0.1, self._arguments),
        )
        return self._draw.choose(families)()

    def _coefficient(self) -> list[str]:
        return (
            [] if self._draw.chance(0.4) else self._draw.digits(2) if self._draw.chance(0.75) else self._draw.letter()
        )

    def polynomial(self, letter: Sequence[str], longest: int = 4) -> list[str]:
        """Terms of falling degree, such as ``3 x ^ { 2 } - x + 1``."""
        degree = int(self._draw.of("1222233345"))
        tokens: list[str] = []
        for exponent in range(min(degree, longest - 1), -1, -1):
            if tokens and self._draw.chance(0.25):
                continue
            sign = [self._draw.of("++-")] if tokens else ["-"] if self._draw.chance(0.1) else []
            factor = {0: [], 1: [*letter]}.get(exponent, power(letter, [str(exponent)]))
            tokens += [*sign, *(self._coefficient() if factor else self._draw.digits(2)), *factor]
        return tokens

    def _equation(self) -> list[str]:
        letter = ["x"] if self._draw.chance(0.5) else self._draw.letter()
        body = self.polynomial(letter)
        point = self._draw.number()
        if point < 0.3:
            return [*body, "=", *(["0"] if self._draw.chance(0.6) else self._draw.digits(2))]
        if point < 0.5:
            return [*(["y"] if self._draw.chance(0.5) else ["f", "(", *letter, ")"]), "=", *body]
        if point < 0.6:
            return [r"\sqrt", "{", *body, "}"]
        if point < 0.75:
            return fraction(body, self.polynomial(letter, 3))
        if point < 0.85:
            return power(["(", *self.polynomial(letter, 2), ")"], [self._draw.of("223n4")])
        return [*body, "=", *self.polynomial(letter, 3)] if point < 0.93 else body

    def _product(self) -> list[str]:
        tokens = self._draw.digits(1) if self._draw.chance(0.2) else []
        for _ in range(int(self._draw.of("12223"))):
            letter = [self._draw.new_letter()]
            point = self._draw.number()
            if point < 0.2:
                letter = power(letter, [self._draw.of("2223")])
            elif point < 0.45:
                letter = indexed(letter, [self._draw.of("00112ijnkmABx")])
            tokens += letter
        return tokens

    def _law(self) -> list[str]:
        """An equation of a quantity and a product or quotient of others, as in physics."""
        name = [self._draw.new_letter()]
        if self._draw.chance(0.3):
            name = indexed(name, self._draw.small())
        point = self._draw.number()
        right = self._product() if point < 0.5 else fraction(self._product(), self._product())
        if point > 0.85:
            right = [r"\sqrt", "{", *right, "}"]
        more = [self._draw.of("+-"), *self._product()] if self._draw.chance(0.3) else []
        return [*name, "=", *right, *more]

    def _derivative(self) -> list[str]:
        d = "d" if self._draw.chance(0.8) else r"\partial"
        above, below = ["y"] if self._draw.chance(0.3) else self._draw.letter(), self._draw.letter()
        if self._draw.chance(0.35):
            return self._primed(below)
        point = self._draw.number()
        if point < 0.2:
            return [*fraction([d], [d, *below]), "(", *self.polynomial(below, 3), ")"]
        if point < 0.35:
            return [d, *above, "=", *self._product(), d, *below]
        second = self._draw.chance(0.25)
        top = [*power([d], ["2"]), *above] if second else [d, *above]
        bottom = [d, *power(below, ["2"])] if second else [d, *below]
        right = self.polynomial(below, 3) if self._draw.chance(0.5) else self._product()
        return [*fraction(top, bottom), "=", *right] if self._draw.chance(0.7) else fraction(top, bottom)

    def _primed(self, letter: Sequence[str]) -> list[str]:
        """A derivative or a second point, written with primes."""
        name = [self._draw.of("fffgyyuhFxABP")]
        primed = power(name, [r"\prime"] * (2 if self._draw.chance(0.25) else 1))
        point = self._draw.number()
        if point < 0.35:
            return [*primed, "(", *letter, ")", "=", *self.polynomial(letter, 3)]
        if point < 0.6:
            return [*primed, self._draw.of("+-="), *self._product()]
        if point < 0.8:
            return [*name, "(", *letter, ")", self._draw.of("+-="), *primed, "(", *letter, ")"]
        return [*name, *primed] if point < 0.9 else [*primed, "=", *name]

    def _exponential(self) -> list[str]:
        letter = self._draw.letter()
        sign = ["-"] if self._draw.chance(0.5) else []
        exponent = [*sign, *self._coefficient(), *letter]
        if self._draw.chance(0.3):
            exponent = [*sign, *fraction([*self._coefficient(), *letter], self._draw.digits(1))]
        elif self._draw.chance(0.25):
            exponent = [*sign, *power(letter, ["2"])]
        term = power(["e"] if self._draw.chance(0.75) else self._draw.digits(2), exponent)
        if self._draw.chance(0.45):
            return [*self._draw.letter(), "=", *self._coefficient(), *term]
        return [
            *self._coefficient(),
            *term,
            *([self._draw.of("+-"), *self._draw.digits(1)] if self._draw.chance(0.4) else []),
        ]

    def _series(self) -> list[str]:
        letter, last = self._draw.letter(), [self._draw.of("nnnkmN")]
        shapes: tuple[Callable[[list[str]], list[str]], ...] = (
            lambda index: indexed(letter, index),
            lambda index: power(letter, index),
            lambda index: index,
            lambda index: fraction(["1"], index),
        )
        shape = shapes[min(int(self._draw.number() * 6), 3) if self._draw.chance(0.7) else 0]
        if self._draw.chance(0.35):
            body = shape([self._draw.of("iijkn")])
            return [r"\sum", "_", "{", body[-2] if body[-1] == "}" else body[0], "=", self._draw.of("0111"), "}",
                    "^", "{", *(last if self._draw.chance(0.7) else [r"\infty"]), "}", *body]  # fmt: skip
        sign = self._draw.of(("+", "+", ","))
        dots = [r"\ldots"] if sign == "," or self._draw.chance(0.6) else [r"\cdots"]
        tokens = [*shape(["1"]), sign, *shape(["2"]), sign]
        if self._draw.chance(0.3):
            tokens += [*shape(["3"]), sign]
        tokens += [*dots, sign, *shape(last)]
        if sign == "," and self._draw.chance(0.5):
            opening, closing = (r"\{", r"\}") if self._draw.chance(0.6) else ("(", ")")
            return [self._draw.of("ASXB"), "=", opening, *tokens, closing]
        return [self._draw.of(("S", *last)), "=", *tokens] if self._draw.chance(0.3) else tokens

    def _trigonometric(self, angle: Sequence[str]) -> list[str]:
        name = [self._draw.of(_TRIGONOMETRIC)]
        if self._draw.chance(0.3):
            name = power(name, ["2"])
        double = self._draw.digits(1) if self._draw.chance(0.2) else []
        return [*name, "(", *double, *angle, ")"] if self._draw.chance(0.3) else [*name, *double, *angle]

    def _identity(self) -> list[str]:
        angle = [self._draw.of(_ANGLES)]
        tokens = self._trigonometric(angle)
        for _ in range(int(self._draw.of("0112"))):
            tokens += [*([self._draw.of("+-")] if self._draw.chance(0.7) else []), *self._trigonometric(angle)]
        if self._draw.chance(0.25):
            tokens = fraction(tokens, self._trigonometric(angle))
        if self._draw.chance(0.4):
            return [*tokens, "=", *(self._draw.digits(1) if self._draw.chance(0.5) else self._trigonometric(angle))]
        return ["1", self._draw.of("+-"), *tokens] if self._draw.chance(0.2) else tokens

    def _integral(self) -> list[str]:
        letter = ["x"] if self._draw.chance(0.5) else self._draw.letter()
        low, high = [self._draw.of("000a1")], [self._draw.of(("1", "2", "b", r"\infty", r"\pi", "n", "t"))]
        bounds = ["_", "{", *low, "}", "^", "{", *high, "}"] if self._draw.chance(0.6) else []
        body = self.polynomial(letter, 3) if self._draw.chance(0.5) else [self._draw.of("fgh"), "(", *letter, ")"]
        if self._draw.chance(0.2):
            body = fraction(["1"], body)
        tokens = [r"\int", *bounds, *body, "d", *letter]
        if self._draw.chance(0.3):
            return [*tokens, "=", self._draw.of("FG"), "(", *letter, ")", *(["+", "C"] if not bounds else [])]
        return tokens

    def _limit(self) -> list[str]:
        letter = [self._draw.of("xxnnhta")]
        target = [self._draw.of((r"\infty", r"\infty", "0", "0", "1", "a"))]
        body = fraction(self.polynomial(letter, 3), self.polynomial(letter, 3))
        if self._draw.chance(0.5):
            body = [self._draw.of("fg"), "(", *letter, ")"] if self._draw.chance(0.5) else indexed(["a"], letter)
        tokens = [r"\lim", "_", "{", *letter, r"\rightarrow", *target, "}", *body]
        return [*tokens, "=", self._draw.of("0012L")] if self._draw.chance(0.4) else tokens

    def _numbers(self) -> list[str]:
        point = self._draw.number()
        if point < 0.35:
            mantissa = [self._draw.digit(), ".", self._draw.digit(), self._draw.digit()]
            sign = ["-"] if self._draw.chance(0.5) else []
            return [*mantissa, r"\times", *power(["1", "0"], [*sign, self._draw.digit()])]
        tokens: list[str] = []
        for _ in range(int(self._draw.of("1223"))):
            sign = [self._draw.of("+-=")] if tokens else []
            tokens += [*sign, *fraction(self._draw.digits(2), self._draw.digits(2))]
        return tokens

    def _arguments(self) -> list[str]:
        """Functions, intervals, norms and sets of several things."""
        items = [self._draw.letter() if self._draw.chance(0.6) else self._draw.digits(1) for _ in range(2)]
        if self._draw.chance(0.4):
            letter = self._draw.letter()
            items = [indexed(letter, [number]) for number in self._draw.of(("12", "01", "ij", "12")).strip()]
        opening, closing = self._draw.of(("( )", "( )", "( )", "[ ]", r"\{ \}")).split()
        inside = [opening, *items[0], ",", *items[1], closing]
        point = self._draw.number()
        if point < 0.4:
            return [self._draw.of("fgPdFuhG"), *inside, *(["=", *self._product()] if self._draw.chance(0.4) else [])]
        if point < 0.6:
            return [*self._draw.letter(), r"\in", *inside]
        if point < 0.8:
            shifted = [self._draw.of("+-"), *items[0]] if self._draw.chance(0.6) else []
            return ["|", *self._draw.letter(), *shifted, "|", self._draw.of(("=", "<", r"\leq")), *self._draw.digits(1)]
        return inside

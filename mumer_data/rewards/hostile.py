"""Hostile completions for a label: what a policy, or a broken one, might write to earn a reward or to waste time.

For tests and benchmarks of reward functions, your own included; not training data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mumer_data.seeding import rng_for
from mumer_data.tasks import task_class


def exploits(label: str) -> dict[str, str]:
    """Name -> completion that must earn nothing beside ``label``, although the label's tokens are in most of them."""
    prompt = task_class("recognition").prompt
    return {
        "empty": "",
        "white space": " \n\t ",
        "braces": "{ }",
        "repeated": f"{label} {label}",
        "repeated often": " ".join([label] * 50),
        "prompt": prompt,
        "prompt and label": f"{prompt}\n{label}",
        "text": f"\\text {{ {label} }}",
        "mbox": f"\\mbox{{{label}}}",
        "phantom": f"{label} \\phantom {{ {label} }}",
        "phantom alone": f"\\phantom {{ {label} }}",
        "hspace": f"{label} \\hspace {{ 9 9 9 c m }}",
        "negative hspace": f"{label} \\hspace*{{-5cm}} x",
        "white": f"\\color {{ white }} {{ {label} }}",
        "textcolor": f"{label} \\textcolor{{white}}{{{label}}}",
        "size zero": f"\\fontsize {{ 0 }} {{ 0 }} {label}",
        "tiny": f"{{ \\tiny {label} }}",
        "rule": f"{label} \\rule {{ 1 0 0 c m }} {{ 1 0 0 c m }}",
        "overlap": f"\\rlap {{ {label} }} {label}",
        "comment": f"{label} % {label}",
        "label": f"{label} \\label {{ {label} }}",
        "definition": f"\\def \\x {{ {label} }} \\x",
        "zero-width": f"{label}\u200b",
        "candidates": f"{label} \\\\ {label.replace('1', '7').replace('x', 'y')} \\\\ a",
        "candidate lines": f"z \\\\ {label}",
        "candidate rows": f"\\begin{{matrix}} {label} \\\\ z \\\\ w \\end{{matrix}}",
        "candidate formulas": f"${label}$ or $z$",
        "spaces": label + " \\quad" * 2_000,
        "prose": f"{label} is what the image shows here",
    }


# One piece each, to be repeated up to a limit of characters: nesting, unclosed delimiters, slow regular expressions.
_PIECES = (
    "{ ",
    "} ",
    "^ { ",
    "x ^ { ",
    "_ { a ",
    "\\frac { ",
    "\\frac { a } { ",
    "\\sqrt { ",
    "\\sqrt [ ",
    "\\left ( ",
    "\\right ) ",
    "\\begin { matrix } ",
    "\\end { matrix } ",
    "\\begin{array}{c} a \\\\ ",
    "a & ",
    "\\\\ ",
    "x \\\\ ",
    "\\over ",
    "{ a \\over ",
    "\\hat ",
    "\\hat { ",
    "\\overset { a } { ",
    "\\operatorname { s i n } ",
    "\\operatorname ",
    "' ",
    "l o g ",
    "\\not ",
    "$",
    "$$",
    "`",
    "```",
    "<answer>",
    "<latex>x",
    "\\boxed{",
    "\\boxed{x} ",
    "\\[",
    "\\( x ",
    "\\] ",
    "Aa ",
    "aa, ",
    "is: ",
    "the formula is: ",
    "\n",
    "a\n",
    "\tx\n",
    "1 ",
    "1",
    "x",
    "\\",
    "\\ ",
    "\\unknown ",
    "\\x",
    "\u03b1",
    "\U0001d465",
    "\u4e2d",
    "\u0301",
    "#",
    "[",
    "] ",
    "( ",
    "\\color { red } ",
    "\\phantom { ",
    "\\text { a ",
    "\\int _ { 0 } ^ { 1 } ",
    "\\sum _ { i } ",
    "\\binom { n } { ",
    "\\quad ",
    "\\, ",
)
_ALPHABET = (
    *"{}^_&[]()+-=x1ay",
    "\\\\",
    "\\frac",
    "\\sqrt",
    "\\hat",
    "\\left",
    "\\right",
    "\\begin",
    "\\end",
    "{matrix}",
    "\\sum",
)


def hostile_completions(labels: Sequence[str], count: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """``count`` pairs (completion, label), the labels in turn: exploits, endless pieces, random tokens, damaged labels.

    Args:
        labels: references; real ones, so that near misses are as costly as in training.
        count: pairs to yield.
        seed: of everything random.
    """
    for number in range(count):
        label = labels[number % len(labels)]
        rng = rng_for(seed, str(number), "hostile")
        kind = number % 5
        if kind == 0:
            named = list(exploits(label).values())
            yield named[number // 5 % len(named)], label
        elif kind == 1:
            piece = _PIECES[number // 5 % len(_PIECES)]
            yield piece * int(rng.integers(1, _SIZES[number // 5 % len(_SIZES)]) // len(piece) + 1), label
        elif kind == 2:
            size = int(rng.integers(1, 40 if number % 2 else 3_000))
            yield " ".join([_ALPHABET[index] for index in rng.integers(len(_ALPHABET), size=size)]), label
        elif kind == 3:
            piece = _PIECES[int(rng.integers(len(_PIECES)))]
            yield f"{label} {piece * int(rng.integers(1, 30))}", label
        else:
            yield _damaged(label.split(), rng), label


_SIZES = 200, 2_000, 16_000, 1_000_000  # characters of an endless piece, at most


def _damaged(tokens: list[str], rng: np.random.Generator) -> str:
    """A label with some tokens lost, doubled or exchanged."""
    for _ in range(int(rng.integers(1, 6))):
        i, other = rng.integers(len(tokens), size=2).tolist()
        tokens[i : i + 1] = [[], [tokens[i]] * 2, [tokens[other]]][int(rng.integers(3))]
        tokens = tokens or ["x"]
    return " ".join(tokens)

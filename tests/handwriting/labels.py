"""Labels for the tests of handwriting, each with the symbols that must be seen in its picture."""

from __future__ import annotations

from hypothesis import strategies as st

Part = tuple[str, list[str]]

PLAIN = [*"abcxyzABR0123456789+-=<>!/", "\\alpha", "\\theta", "\\pi", "\\leq", "\\in", "\\infty", "\\times", "\\cdot"]
NAMED = ["\\sin", "\\log", "\\ldots", "\\cdots", "\\arctan"]
OPERATORS = ["\\sum", "\\int", "\\prod", "\\lim"]
ACCENTS = ["\\hat", "\\vec", "\\overline", "\\dot", "\\underline", "\\overbrace"]


def _joined(parts: list[Part]) -> Part:
    return " ".join(label for label, _ in parts), [name for _, names in parts for name in names]


def _wrapped(children: st.SearchStrategy[Part]) -> st.SearchStrategy[Part]:
    row = st.lists(children, min_size=1, max_size=4).map(_joined)
    base = st.sampled_from(PLAIN).map(lambda token: (token, [token]))
    return st.one_of(
        st.tuples(row, row).map(lambda p: (f"\\frac {{ {p[0][0]} }} {{ {p[1][0]} }}", ["\\frac", *p[0][1], *p[1][1]])),
        st.tuples(base, row).map(lambda p: (f"{p[0][0]} ^ {{ {p[1][0]} }}", p[0][1] + p[1][1])),
        st.tuples(base, row, row).map(
            lambda p: (f"{p[0][0]} _ {{ {p[1][0]} }} ^ {{ {p[2][0]} }}", p[0][1] + p[1][1] + p[2][1])
        ),
        row.map(lambda p: (f"\\sqrt {{ {p[0]} }}", ["\\sqrt", *p[1]])),
        row.map(lambda p: (f"\\left ( {p[0]} \\right )", ["(", *p[1], ")"])),
        st.tuples(st.sampled_from(ACCENTS), row).map(lambda p: (f"{p[0]} {{ {p[1][0]} }}", [p[0], *p[1][1]])),
        st.tuples(st.sampled_from(OPERATORS), row).map(lambda p: (f"{p[0]} _ {{ {p[1][0]} }}", [p[0], *p[1][1]])),
        st.tuples(row, row, row).map(
            lambda p: (
                f"\\begin {{matrix}} {p[0][0]} & {p[1][0]} \\\\ {p[2][0]} \\end {{matrix}}",
                [*p[0][1], *p[1][1], *p[2][1]],
            )
        ),
    )


def written() -> st.SearchStrategy[Part]:
    """(label, tokens that leave ink), nested a few levels deep."""
    plain = st.sampled_from(PLAIN + NAMED).map(lambda token: (token, [token]))
    nested = st.recursive(plain, _wrapped, max_leaves=8)
    return st.lists(nested, min_size=1, max_size=5).map(_joined)

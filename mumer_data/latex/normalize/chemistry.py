"""Chemical formulas of ``\\ce`` -> LaTeX of a formula: atoms in roman type, counts, charges, isotopes, bonds, arrows.

Source: M. Hensel, The mhchem Bundle, 2021. Not for ``\\pu`` (units), which the normaliser refuses.
"""

from __future__ import annotations

import re

_ARROWS = {
    "<=>>": "\\rightleftharpoons",
    "<<=>": "\\rightleftharpoons",
    "<-->": "\\rightleftarrows",
    "<=>": "\\rightleftharpoons",
    "<->": "\\leftrightarrow",
    "->": "\\rightarrow",
    "<-": "\\leftarrow",
}
_BONDS = {"-": "-", "1": "-", "=": "=", "2": "=", "#": "\\equiv", "3": "\\equiv", "...": "\\cdots", "....": "\\cdots"}
_BONDS |= {"->": "\\rightarrow", "<-": "\\leftarrow"}
_TEXTS = ("\\text", "\\mathrm", "\\mbox", "\\textrm", "\\mathbf", "\\color", "\\textcolor")
_COMMAND = re.compile(r"\\(?:[A-Za-z]+|.)", re.DOTALL)
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)(?:/(\d+))?|([a-z])(?=\s)")
_SCRIPT = re.compile(r"\d*[+-]|\d+|\\[A-Za-z]+|[^\s{}^_\\$]")
_STATE = re.compile(r"\((?:aq|s|l|g)\)")
_RADICAL = re.compile(r"(?<!\d)\.|\.(?!\d)")
_PHASE = re.compile(r"(?:(v)|(\^)|\((v)\)|\((\^)\))(?=\s|\Z)")
_CHEMISTRY = re.compile(r"(?<!\\)((?:\\\\)*)\\ce\s*\{")  # after complete line breaks, not inside one
_MAX_DEPTH = 20


def without_chemistry(raw: str) -> str:
    """A raw label with every ``\\ce{...}`` expanded; stops at one that cannot be parsed, which the reader rejects."""
    out: list[str] = []
    position = 0
    while match := _CHEMISTRY.search(raw, position):
        end = _closing(raw, match.end() - 1)
        latex = None if end < 0 else chemical_latex(raw[match.end() : end])
        if latex is None:
            break
        table = "&" in latex or "\\\\" in latex  # cells of a table are not a group
        out += [raw[position : match.end(1)], f" {latex} " if table else f"{{{latex}}}"]
        position = end + 1
    return "".join(out) + raw[position:]


def chemical_latex(text: str) -> str | None:
    """LaTeX of the argument of ``\\ce``, ``H2O`` -> ``\\mathrm{H}_{2}\\mathrm{O}``; ``None`` if it cannot be parsed.

    White space distinguishes a charge from a plus and ``v`` from an arrow; it is ignored if it separates all symbols.
    """
    pieces = text.split()
    if all(len(piece) == 1 or _COMMAND.fullmatch(piece) for piece in pieces):
        text = "".join(pieces)
    return _Chemistry(text).read()


def _closing(text: str, position: int) -> int:
    """The position of the brace that closes the one at ``position``; -1 if there is none."""
    depth = 0
    for n in range(position, len(text)):
        depth += {"{": 1, "}": -1}.get(text[n], 0) if n == 0 or text[n - 1] != "\\" else 0
        if not depth:
            return n
    return -1


class _UnreadableError(Exception):
    """An unsupported construct in ``\\ce``."""


class _Chemistry:
    """One pass over a formula; ``begins``: a number at this position is an amount, not a count."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self.text = text
        self.depth = depth
        self.position = 0
        self.out: list[str] = []
        self.begins = True
        self.charged = False

    def read(self) -> str | None:
        try:
            while self.position < len(self.text):
                self._next()
        except _UnreadableError:
            return None
        latex = " ".join(self.out)
        return re.sub(r"\^\{([^{}]*)\} \^\{([^{}]*)\}", r"^{\1\2}", latex) or None  # `Zn^{2}+` is drawn as `Zn^{2+}`

    def _next(self) -> None:
        text, position = self.text, self.position
        character = text[position]
        arrow = next((sign for sign in _ARROWS if text.startswith(sign, position)), None)
        charged, self.charged = self.charged, False
        if character.isspace():
            self._space()
        elif arrow:
            self._arrow(arrow)
        elif character.isalnum():
            self._atom(character)
        elif character in "^_":
            self._script(character)
        elif character in "+-":
            self._sign(character, charged)
        elif character in "*.":
            self._dot()
        elif character == "{":
            self._group()
        elif character == "\\":
            self._command()
        elif character == "$":
            self._mathematics()
        elif character == "}":
            raise _UnreadableError
        else:
            self._add("\\equiv" if character == "#" else character, 1)
            self.begins = self.begins if character in "([" else character in "=,;&/"

    def _add(self, latex: str, length: int) -> None:
        self.out.append(latex)
        self.position += length

    def _space(self) -> None:
        self.position += 1
        self.begins = True
        if phase := _PHASE.match(self.text, self.position):  # a gas or a precipitate
            self._add("\\downarrow" if phase[1] or phase[3] else "\\uparrow", len(phase[0]))

    def _arrow(self, sign: str) -> None:
        self.position += len(sign)
        over: list[str] = []
        while self.text[self.position : self.position + 1] == "[" and len(over) < 2:
            end = self.text.find("]", self.position)
            if end < 0:
                raise _UnreadableError
            over.append(self._inner(self.text[self.position + 1 : end]))
            self.position = end + 1
        command = _ARROWS[sign]
        if any(over):
            above, below = (*over, "")[:2]
            command = f"\\x{command[1:]}" + (f"[{below}]" if below else "") + f"{{{above}}}"
        self.out.append(command)
        self.begins = True

    def _atom(self, character: str) -> None:
        amount = _AMOUNT.match(self.text, self.position) if self.begins else None
        if amount:
            number, below, letter = amount.groups()
            self._add(f"\\frac{{{number}}}{{{below}}}" if below else number or letter, len(amount[0]))
        elif character.isdigit():
            count = re.compile(r"\d+").match(self.text, self.position)
            assert count
            self._add(f"_{{{count[0]}}}", len(count[0]))
        else:
            self._add(f"\\mathrm{{{character}}}" if character.isascii() else character, 1)
            self.begins = False

    def _script(self, mark: str) -> None:
        self.position += 1
        if self.text[self.position : self.position + 1] == "{":
            script = self._braced()
        elif match := _SCRIPT.match(self.text, self.position):
            script, self.position = match[0], match.end()
        elif mark == "^":
            script = ""
        else:
            raise _UnreadableError
        if not script:
            self.out.append("\\uparrow")
            return
        if self.begins:  # an isotope number precedes its atom
            self.out.append("{}")
        script = _RADICAL.sub(r"\\bullet ", script.replace("$", ""))
        self.out.append(f"{mark}{{{script}}}")
        self.begins, self.charged = False, mark == "^" and script.endswith(("+", "-"))

    def _sign(self, sign: str, charged: bool) -> None:
        rest = self.text[self.position + 1 :]
        ends = (
            not rest
            or rest[0].isspace()
            or rest[0] in "+)],;"
            or _STATE.match(rest)
            or any(map(rest.startswith, _ARROWS))
        )
        follows = not charged and not self.begins  # an atom, a count or a group
        if follows and ends:
            self._add(f"^{{{sign}}}", 1)
            self.charged = True
        elif follows and sign == "+" and rest[0].islower():
            raise _UnreadableError  # `x+y`: mhchem typesets a charge, but a sum is meant
        else:
            self._add(sign, 1)
            self.begins = True

    def _dot(self) -> None:
        rest = self.text[self.position :]
        if rest.startswith("..."):
            self._add("\\cdots", len(rest) - len(rest.lstrip(".")))
        elif rest[0] == "." and not self.begins and (len(rest) == 1 or rest[1].isspace()):
            self._add("^{\\bullet}", 1)  # a radical
        else:
            self._add("\\cdot", 1)
            self.begins = True

    def _group(self) -> None:
        """Braces: a text, or a group of the formula."""
        inner = self._braced()
        words = inner.replace(" ", "").isalpha()
        self.out.append(f"\\mathrm{{{inner}}}" if words else f"{{{self._inner(inner)}}}")
        self.begins = False

    def _braced(self) -> str:
        end = _closing(self.text, self.position)
        if end < 0:
            raise _UnreadableError
        inner, self.position = self.text[self.position + 1 : end], end + 1
        return inner

    def _inner(self, text: str) -> str:
        """A part of the formula, parsed by the same rules."""
        if not text.strip():
            return ""
        latex = _Chemistry(text, self.depth + 1).read() if self.depth < _MAX_DEPTH else None
        if latex is None:
            raise _UnreadableError
        return latex

    def _command(self) -> None:
        match = _COMMAND.match(self.text, self.position)
        if match is None:
            raise _UnreadableError
        self.position = match.end()
        command = match[0]
        self.begins = not command[1].isalpha()
        if command == "\\bond":
            if self.text[self.position : self.position + 1] != "{" or (bond := _BONDS.get(self._braced())) is None:
                raise _UnreadableError
            self.out.append(bond)
            return
        latex = "" if command == "\\ce" else command
        while command[1].isalpha() and self.text[self.position : self.position + 1] == "{":
            inner = self._braced()
            latex += f"{{{without_chemistry(inner) if command in _TEXTS else self._inner(inner)}}}"
        self.out.append(latex)

    def _mathematics(self) -> None:
        end = self.text.find("$", self.position + 1)
        if end < 0:
            raise _UnreadableError
        self._add(f"{{{without_chemistry(self.text[self.position + 1 : end])}}}", end + 1 - self.position)
        self.begins = False

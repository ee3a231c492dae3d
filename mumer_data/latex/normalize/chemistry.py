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
_CHEMISTRY = re.compile(r"(?<!\\)((?:\\\\)*)\\ce\s*\{")  # after whole line breaks, never the second half of one
_MAX_DEPTH = 20


def without_chemistry(raw: str) -> str:
    """A raw label with its ``\\ce{...}`` written out, up to one that cannot be read, for the reader to refuse."""
    out: list[str] = []
    place = 0
    while found := _CHEMISTRY.search(raw, place):
        end = _closing(raw, found.end() - 1)
        made = None if end < 0 else chemical_latex(raw[found.end() : end])
        if made is None:
            break
        table = "&" in made or "\\\\" in made  # cells of a table are no group
        out += [raw[place : found.end(1)], f" {made} " if table else f"{{{made}}}"]
        place = end + 1
    return "".join(out) + raw[place:]


def chemical_latex(text: str) -> str | None:
    """LaTeX of what stands in ``\\ce``, ``H2O`` -> ``\\mathrm{H}_{2}\\mathrm{O}``; ``None`` where it cannot be read.

    White space tells a charge from a plus and ``v`` from an arrow, but says nothing where it parts every symbol.
    """
    pieces = text.split()
    if all(len(piece) == 1 or _COMMAND.fullmatch(piece) for piece in pieces):
        text = "".join(pieces)
    return _Chemistry(text).read()


def _closing(text: str, place: int) -> int:
    """The place of the brace that closes the one at ``place``; -1 where there is none."""
    depth = 0
    for n in range(place, len(text)):
        depth += {"{": 1, "}": -1}.get(text[n], 0) if n == 0 or text[n - 1] != "\\" else 0
        if not depth:
            return n
    return -1


class _UnreadableError(Exception):
    """Something in ``\\ce`` that is not understood."""


class _Chemistry:
    """One pass over a formula; ``begins``: a number here is an amount, not a count."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self.text = text
        self.depth = depth
        self.place = 0
        self.out: list[str] = []
        self.begins = True
        self.charged = False

    def read(self) -> str | None:
        try:
            while self.place < len(self.text):
                self._next()
        except _UnreadableError:
            return None
        made = " ".join(self.out)
        return re.sub(r"\^\{([^{}]*)\} \^\{([^{}]*)\}", r"^{\1\2}", made) or None  # `Zn^{2}+` is drawn as `Zn^{2+}`

    def _next(self) -> None:
        text, place = self.text, self.place
        character = text[place]
        arrow = next((sign for sign in _ARROWS if text.startswith(sign, place)), None)
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

    def _add(self, made: str, length: int) -> None:
        self.out.append(made)
        self.place += length

    def _space(self) -> None:
        self.place += 1
        self.begins = True
        if phase := _PHASE.match(self.text, self.place):  # of a gas that escapes, of what falls out
            self._add("\\downarrow" if phase[1] or phase[3] else "\\uparrow", len(phase[0]))

    def _arrow(self, sign: str) -> None:
        self.place += len(sign)
        over: list[str] = []
        while self.text[self.place : self.place + 1] == "[" and len(over) < 2:
            end = self.text.find("]", self.place)
            if end < 0:
                raise _UnreadableError
            over.append(self._inner(self.text[self.place + 1 : end]))
            self.place = end + 1
        command = _ARROWS[sign]
        if any(over):
            above, below = (*over, "")[:2]
            command = f"\\x{command[1:]}" + (f"[{below}]" if below else "") + f"{{{above}}}"
        self.out.append(command)
        self.begins = True

    def _atom(self, character: str) -> None:
        amount = _AMOUNT.match(self.text, self.place) if self.begins else None
        if amount:
            number, below, letter = amount.groups()
            self._add(f"\\frac{{{number}}}{{{below}}}" if below else number or letter, len(amount[0]))
        elif character.isdigit():
            count = re.compile(r"\d+").match(self.text, self.place)
            assert count
            self._add(f"_{{{count[0]}}}", len(count[0]))
        else:
            self._add(f"\\mathrm{{{character}}}" if character.isascii() else character, 1)
            self.begins = False

    def _script(self, mark: str) -> None:
        self.place += 1
        if self.text[self.place : self.place + 1] == "{":
            script = self._braced()
        elif found := _SCRIPT.match(self.text, self.place):
            script, self.place = found[0], found.end()
        elif mark == "^":
            script = ""
        else:
            raise _UnreadableError
        if not script:
            self.out.append("\\uparrow")
            return
        if self.begins:  # of an isotope: before its atom
            self.out.append("{}")
        script = _RADICAL.sub(r"\\bullet ", script.replace("$", ""))
        self.out.append(f"{mark}{{{script}}}")
        self.begins, self.charged = False, mark == "^" and script.endswith(("+", "-"))

    def _sign(self, sign: str, charged: bool) -> None:
        rest = self.text[self.place + 1 :]
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
            raise _UnreadableError  # `x+y`: mhchem draws a charge, people mean a sum
        else:
            self._add(sign, 1)
            self.begins = True

    def _dot(self) -> None:
        rest = self.text[self.place :]
        if rest.startswith("..."):
            self._add("\\cdots", len(rest) - len(rest.lstrip(".")))
        elif rest[0] == "." and not self.begins and (len(rest) == 1 or rest[1].isspace()):
            self._add("^{\\bullet}", 1)  # a radical
        else:
            self._add("\\cdot", 1)
            self.begins = True

    def _group(self) -> None:
        """Braces: a text, or a part of the formula that they keep together."""
        inner = self._braced()
        words = inner.replace(" ", "").isalpha()
        self.out.append(f"\\mathrm{{{inner}}}" if words else f"{{{self._inner(inner)}}}")
        self.begins = False

    def _braced(self) -> str:
        end = _closing(self.text, self.place)
        if end < 0:
            raise _UnreadableError
        inner, self.place = self.text[self.place + 1 : end], end + 1
        return inner

    def _inner(self, text: str) -> str:
        """A part of the formula, read by the same rules."""
        if not text.strip():
            return ""
        made = _Chemistry(text, self.depth + 1).read() if self.depth < _MAX_DEPTH else None
        if made is None:
            raise _UnreadableError
        return made

    def _command(self) -> None:
        found = _COMMAND.match(self.text, self.place)
        if found is None:
            raise _UnreadableError
        self.place = found.end()
        command = found[0]
        self.begins = not command[1].isalpha()
        if command == "\\bond":
            if self.text[self.place : self.place + 1] != "{" or (bond := _BONDS.get(self._braced())) is None:
                raise _UnreadableError
            self.out.append(bond)
            return
        made = "" if command == "\\ce" else command
        while command[1].isalpha() and self.text[self.place : self.place + 1] == "{":
            inner = self._braced()
            made += f"{{{without_chemistry(inner) if command in _TEXTS else self._inner(inner)}}}"
        self.out.append(made)

    def _mathematics(self) -> None:
        end = self.text.find("$", self.place + 1)
        if end < 0:
            raise _UnreadableError
        self._add(f"{{{without_chemistry(self.text[self.place + 1 : end])}}}", end + 1 - self.place)
        self.begins = False

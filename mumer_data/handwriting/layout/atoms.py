"""Symbol layout tree -> MathML for handwriting: a function name or an ellipsis is one mark, as in CROHME's ink.

Not for layout: see `placement`.
"""

from __future__ import annotations

from dataclasses import replace

from mumer_data.typeset.atoms import INNER, atom_of, tables
from mumer_data.typeset.build import Builder
from mumer_data.typeset.elements import Style, letter, sign
from mumer_data.typeset.spaces import Piece


class PenBuilder(Builder):
    """A `Builder` whose marks are the tokens of the label, one for each time a token is drawn."""

    tags = True

    def symbol(self, token: str, style: Style) -> Piece | None:
        """One ordinary token; a function name or an ellipsis is one element of several characters."""
        known = tables()
        if token in known["low_dots"] or token in known["high_dots"]:
            text = "⋯" if token in known["high_dots"] else "…"
            return Piece(sign(text, self.mark(token), style), INNER)
        atom = atom_of(token)
        if atom is None or len(atom.text) < 2:
            return super().symbol(token, style)
        upright = replace(style, font=style.font or "normal")
        return Piece(letter(atom.text, self.mark(token), upright), atom.kind, limits=atom.limits)

"""Beginnings of labels: whether the grammar lets a token follow, and whether the label may end.

Not for parsing whole labels: see `parser`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mumer_data.latex.lalr import UnexpectedToken
from mumer_data.latex.parser import tree_transducer
from mumer_data.latex.transducer import Context, Op

_PUSH = frozenset({Op.OPEN, Op.ADD_OPEN, Op.NAME_OPEN, Op.OPEN_SAME, Op.ADD_OPEN_SAME})
_POP = frozenset({Op.CLOSE, Op.BLANK_CLOSE, Op.CLOSE_ADD})


@dataclass(frozen=True, slots=True)
class LabelPrefix:
    """The state of the parser after some tokens; ``LabelPrefix()`` is the state before the first.

    An LALR parser reports an error at the first token that no label has there, so every prefix can be completed.

    Attributes:
        context: of the transducer.
        open: contexts that follow the branches that are still open, the innermost last.
        length: number of tokens.
    """

    context: Context[str] = field(default_factory=lambda: tree_transducer().start)
    open: tuple[Context[str], ...] = ()
    length: int = 0

    def extended(self, token: str) -> LabelPrefix | None:
        """The state after one more token; ``None`` where the grammar does not allow it."""
        try:
            context, op, _, resume = self.context.steps.get(token) or tree_transducer().derive(self.context, token)
        except UnexpectedToken:
            return None
        if op in _PUSH:
            return LabelPrefix(context, (*self.open, resume), self.length + 1)
        if op in _POP:
            return LabelPrefix(self.open[-1], self.open[:-1], self.length + 1)
        return LabelPrefix(context, self.open, self.length + 1)

    @property
    def complete(self) -> bool:
        """Whether the tokens so far are a label."""
        if self.open or not self.length:
            return False
        try:
            tree_transducer().end(self.context)
        except UnexpectedToken:
            return False
        return True

"""The steps of the transducer on one label, for documentation and debugging.

Not for parsing: `parser` runs the same steps without a record of them.
"""

from __future__ import annotations

from typing import NamedTuple

from mumer_data.latex.parser import parse, tree_transducer
from mumer_data.latex.transducer import Context, Op

_CLOSING = frozenset({Op.CLOSE, Op.CLOSE_ADD, Op.BLANK_CLOSE})
_OPENING = frozenset({Op.OPEN, Op.ADD_OPEN, Op.NAME_OPEN, Op.OPEN_SAME, Op.ADD_OPEN_SAME})


class TraceRow(NamedTuple):
    """One step of the tree builder.

    Attributes:
        token: of the label; ``""`` at its end.
        states: LR states of the open branch before the token.
        memory: relation of the next symbol, before the token.
        frames: number of open branches before the token.
        op: the operation.
        payload: its payload.
        output: the symbol or blank that it adds, as ``TOKEN (RELATION)`` indented by depth; ``""`` for none.
    """

    token: str
    states: tuple[int, ...]
    memory: str
    frames: int
    op: Op
    payload: str
    output: str


def trace(label: str) -> list[TraceRow]:
    """Run the tree builder on a label and record every step, the last one at the end of the label.

    Raises:
        LatexSyntaxError: the label does not parse.
    """
    added: dict[int, list[str]] = {}
    for depth, symbol in parse(label).walk():
        relation = f" ({symbol.relation})" if symbol.relation else ""
        added.setdefault(symbol.position, []).append(f"{'  ' * depth}{symbol.token or '_'}{relation}")
    transducer = tree_transducer()
    context = transducer.start
    frames: list[Context[str]] = []
    rows: list[TraceRow] = []
    tokens = label.split()
    for position, token in enumerate(tokens):
        following, op, payload, resume = context.steps.get(token) or transducer.derive(context, token)
        output = "\n".join(added.get(position, []))
        rows.append(TraceRow(token, context.stack, context.memory, len(frames), op, payload, output))
        if op in _OPENING:
            frames.append(resume)
        context = frames.pop() if op in _CLOSING else following
    op, payload = context.final or transducer.end(context)
    output = "\n".join(added.get(len(tokens), []))
    return [*rows, TraceRow("", context.stack, context.memory, 0, op, payload, output)]

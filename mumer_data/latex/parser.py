"""label -> `SymbolTree`: the transducer with the semantics of a tree builder.

Not for text (see `dialect_uni_mumer` and `serialize`) and not for raw LaTeX: every script and argument is braced here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.diagnostics import explain, unknown_commands
from mumer_data.latex.grammar import lalr_table
from mumer_data.latex.lalr import SyntaxRole, UnexpectedToken
from mumer_data.latex.transducer import Action, Context, Op, Semantics, Transducer
from mumer_data.latex.tree import RIGHT, Symbol, SymbolTree

# In CPython 3.11 `Op.ADD` costs ten times a global name, and a global twice a local one: the loop runs once per token.
_FREQUENT = Op.ADD, Op.CLOSE, Op.OPEN, Op.SKIP
BLANK = Op.BLANK
Frame = tuple[list[Symbol], Context[str]]  # the row and the context that continue after an open branch has closed
SEPARATED = {"newline": "nextline", "next_row": "row", "next_cell": "cell"}


class TreeSemantics(Semantics[str]):
    """Builds symbols. The memory is the relation of the next symbol; `RIGHT` once its row has one.

    The payload is the relation of the symbol or blank to add.
    """

    start = ""

    def step(self, memory: str, role: SyntaxRole, token: str) -> Action[str]:
        """See `Semantics.step`."""
        if role.kind == "symbol" or (role.kind == "mark" and role.relation == "environment"):
            return Action(Op.ADD, memory, RIGHT)
        if role.kind == "open":
            return self._open(memory, role, token)
        if role.relation == "bracketed":
            return Action(Op.CLOSE_ADD, memory, RIGHT)
        closes = role.kind == "close"
        following = SEPARATED.get(role.kind, RIGHT)
        if memory != RIGHT and role.kind != "tail":
            return Action(Op.BLANK_CLOSE if closes else Op.BLANK, memory, following)
        return Action(Op.CLOSE if closes else Op.SKIP, "", following)

    def _open(self, memory: str, role: SyntaxRole, token: str) -> Action[str]:
        if role.relation == "environment":
            if token.startswith("{"):
                return Action(Op.NAME_OPEN, "", "row", RIGHT)
            return Action(Op.ADD_OPEN, memory, "row", RIGHT)
        if role.relation == "group":
            return Action(Op.ADD_OPEN, memory, "inside", RIGHT)
        if role.relation == "columns":
            return Action(Op.OPEN_SAME, "", "columns", "row")
        if role.relation == "bracketed":
            return Action(Op.ADD_OPEN_SAME, memory, RIGHT, RIGHT)
        return Action(Op.OPEN, "", role.relation, RIGHT)

    def payload(self, payload: str, token: str) -> str:
        """See `Semantics.payload`: the relation, whatever the token."""
        return payload

    def end(self, memory: str) -> tuple[Op, str]:
        """See `Semantics.end`: a row without a symbol ends with a blank."""
        return (Op.SKIP, "") if memory == RIGHT else (Op.BLANK, memory)


@lru_cache(maxsize=1)
def tree_transducer() -> Transducer[str]:
    """The tree builder, with the steps that the labels of this process have needed so far."""
    return Transducer(lalr_table(), TreeSemantics())


def parse(label: str, *, strict: bool = False) -> SymbolTree:
    """Parse a tokenised label.

    Args:
        label: LaTeX, tokens separated by whitespace, every script and argument braced.
        strict: report commands that ``commands.toml`` does not know; otherwise they are ordinary symbols.

    Raises:
        LatexSyntaxError: with the position of the offending token and what was expected there.
    """
    tokens = label.split()
    tree = try_parse(tokens)
    if tree is None:
        raise explain(tokens, lalr_table())
    if strict:
        refuse_unknown_commands(tokens)
    return tree


def refuse_unknown_commands(tokens: Sequence[str]) -> None:
    """Raise ``LatexSyntaxError`` at the first command that ``commands.toml`` does not know."""
    for position, command in unknown_commands(tokens):
        raise LatexSyntaxError(f"unknown command {command}", tokens=list(tokens), position=position)


def try_parse(tokens: Sequence[str]) -> SymbolTree | None:
    """The tree of a label's tokens, or ``None`` where they do not parse: an error message takes three times as long."""
    symbols: list[Symbol] = []
    try:
        _build(tokens, symbols, tree_transducer())
    except UnexpectedToken:
        return None
    return SymbolTree(symbols)


def _build(tokens: Sequence[str], row: list[Symbol], transducer: Transducer[str]) -> None:
    """Add the symbols of a label to ``row``; raises `UnexpectedToken`.

    The commonest symbols are made without `Symbol.__init__`, a call of a Python function for each: a quarter less time.
    """
    add, close, enter, skip = _FREQUENT
    create = object.__new__
    context = transducer.start
    frames: list[Frame] = []
    for position, token in enumerate(tokens):
        try:
            context, op, relation, resume = context.steps[token]
        except KeyError:
            context, op, relation, resume = transducer.derive(context, token)
        if op is add:
            symbol = create(Symbol)
            symbol.token = token
            symbol.relation = relation
            symbol.position = position
            symbol.children = []
            row.append(symbol)
        elif op is close:
            row, context = frames.pop()
        elif op is enter:
            frames.append((row, resume))
            row = row[-1].children
        elif op is not skip:
            row, context = _rare_step(op, Symbol(token, relation, position, []), row, context, (frames, resume))
    if frames or not tokens:
        raise UnexpectedToken
    op, relation = context.final or transducer.end(context)
    if op is BLANK:
        row.append(Symbol("", relation, len(tokens), []))


def _rare_step(
    op: Op, symbol: Symbol, row: list[Symbol], context: Context[str], stack: tuple[list[Frame], Context[str]]
) -> tuple[list[Symbol], Context[str]]:
    """Apply one of the rarer operations: groups, environments, columns, blanks; the row and context that follow."""
    frames, resume = stack
    if op is BLANK or op is Op.BLANK_CLOSE:
        symbol.token = ""
        row.append(symbol)
        return (row, context) if op is BLANK else frames.pop()
    if op is Op.CLOSE_ADD:
        row, context = frames.pop()
        row.append(symbol)
        return row, context
    frames.append((row, resume))
    if op is Op.NAME_OPEN:
        row[-1].token = f"\\begin {symbol.token}"
    elif op is not Op.OPEN_SAME:
        row.append(symbol)
    return (row if op is Op.OPEN_SAME or op is Op.ADD_OPEN_SAME else row[-1].children), context

"""What went wrong, as events larger than a token: a symbol misread, a script put on the line, a stretch left out.

Found in edit scripts and applied to other labels; not for deciding which happen: see `channel`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from mumer_data.alignment.align import Edit, EditScript
from mumer_data.alignment.token_roles import Bonds, TokenRole, bonds_of, is_structure, role_of

Action = Literal["replace", "omit", "add", "flatten", "raise", "switch", "shift", "rewrite"]
_LONGEST = 16  # tokens of a rewrite that is worth remembering word by word
_SHORT = 8


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a model did to a label.

    Attributes:
        action: ``replace`` a symbol by another; ``omit`` a stretch; ``add`` tokens; ``flatten`` a script onto the line
            of what carries it; ``raise`` a stretch into a script; ``switch`` a script's mark; ``shift`` the end of a
            script or argument; ``rewrite`` a stretch.
        at: place in the label: of the symbol, of the first token of the stretch, of the script's mark, of the gap.
        old: the label's tokens (the mark, for ``flatten`` and ``switch``; the stretch, for ``raise``).
        new: the model's tokens (the mark, for ``raise`` and ``switch``; for ``shift``, by how many tokens).
    """

    action: Action
    at: int
    old: tuple[str, ...]
    new: tuple[str, ...]


def events_of(script: EditScript) -> tuple[list[Event], int]:
    """The events of one script in order of their places, and how many edits are part of none of them."""
    return _Reading(script).events()


class _Reading:
    """One script while its events are found."""

    def __init__(self, script: EditScript) -> None:
        self.script = script
        self.label, self.text = bonds_of(script.label), bonds_of(script.text)
        self.missing = {edit.label_at for edit in script.edits if edit.op == "insert"}
        self.extra = {edit.text_at for edit in script.edits if edit.op == "delete"}
        self.found: list[Event] = []

    def events(self) -> tuple[list[Event], int]:
        used_label = self._flattened()
        used_text = self._raised()
        left: list[Edit] = []
        for edit in self.script.edits:
            done = edit.label_at in used_label if edit.op == "insert" else edit.text_at in used_text
            if done and edit.op != "replace":
                continue
            if edit.op == "replace" and _marks(edit.label_tokens + edit.prediction_tokens):
                self.found.append(Event("switch", edit.label_at, edit.label_tokens, edit.prediction_tokens))
            else:
                left.append(edit)
        runs = self._shifted(EditScript(self.script.label, self.script.text, tuple(left)).runs())
        lost = self._groups(runs, left)
        return sorted(self.found, key=lambda event: event.at), lost

    def _flattened(self) -> set[int]:
        """Label places of marks and braces whose content is there without them."""
        used: set[int] = set()
        for mark, begin, end in _scripts(self.script.label, self.label):
            if {mark, begin, end} <= self.missing and not set(range(begin + 1, end)) <= self.missing:
                self.found.append(Event("flatten", mark, (self.script.label[mark],), ()))
                used |= {mark, begin, end}
        return used

    def _raised(self) -> set[int]:
        """Places in the prediction of marks and braces around what the label has without them."""
        used: set[int] = set()
        for mark, begin, end in _scripts(self.script.text, self.text):
            if not {mark, begin, end} <= self.extra:
                continue
            inside = [place for place in range(begin + 1, end) if place not in self.extra]
            if not inside:
                continue
            first, last = (_label_place(self.script, place) for place in (inside[0], inside[-1]))
            stretch = self.script.label[first : last + 1]
            if stretch and is_balanced(stretch):
                self.found.append(Event("raise", first, stretch, (self.script.text[mark],)))
                used |= {mark, begin, end}
        return used

    def _shifted(self, runs: list[Edit]) -> list[Edit]:
        """The runs without the pairs that mean that a closing brace stands elsewhere."""
        kept: list[Edit] = []
        for run in runs:
            event = self._shift(kept[-1], run) if kept else None
            if event is None:
                kept.append(run)
            else:
                kept.pop()
                self.found.append(event)
        return kept

    def _shift(self, one: Edit, other: Edit) -> Event | None:
        """Two runs as one moved brace: either it is missing here and too much there, or what it moved past is."""
        label, brace = self.script.label, ("}",)
        between = other.label_at - one.label_at - len(one.label_tokens)
        if {one.op, other.op} != {"insert", "delete"}:
            return None
        if brace in (one.label_tokens, one.prediction_tokens) and brace in (
            other.label_tokens,
            other.prediction_tokens,
        ):
            wider = one.op == "insert"
            at, size = (one.label_at, between) if wider else (other.label_at, between)
        elif one.label_tokens + one.prediction_tokens == other.label_tokens + other.prediction_tokens and between == 1:
            wider = one.op == "delete"
            at = other.label_at - 1
            size = len(one.label_tokens + one.prediction_tokens)
        else:
            return None
        past = label[at + 1 : at + 1 + size] if wider else label[at - size : at]
        if at in self.label.owner and label[at] == "}" and size and is_balanced(past):
            return Event("shift", at, brace, (str(size if wider else -size),))
        return None

    def _groups(self, runs: list[Edit], edits: list[Edit]) -> int:
        """Events of what is left, run by run; runs that are balanced only together are taken together."""
        lost, open_from = 0, -1
        for number, run in enumerate(runs):
            if open_from < 0 and is_balanced(run.label_tokens) and is_balanced(run.prediction_tokens):
                self._run(run, edits)
                continue
            open_from = number if open_from < 0 else open_from
            first = runs[open_from]
            old = self.script.label[first.label_at : run.label_at + len(run.label_tokens)]
            new = self.script.text[first.text_at : run.text_at + len(run.prediction_tokens)]
            if is_balanced(old) and is_balanced(new):
                if max(len(old), len(new)) <= _LONGEST and old:
                    self.found.append(Event("rewrite", first.label_at, old, new))
                else:
                    lost += sum(
                        max(len(one.label_tokens), len(one.prediction_tokens)) for one in runs[open_from : number + 1]
                    )
                open_from = -1
        if open_from >= 0:
            lost += sum(max(len(one.label_tokens), len(one.prediction_tokens)) for one in runs[open_from:])
        return lost

    def _run(self, run: Edit, edits: list[Edit]) -> None:
        old, new = run.label_tokens, run.prediction_tokens
        if not new:
            self.found.append(Event("omit", run.label_at, old, ()))
        elif not old:
            self.found.append(Event("add", run.label_at, (), new))
        elif len(old) == len(new) and not any(map(is_structure, old + new)):
            self.found += [Event("replace", run.label_at + k, old[k : k + 1], new[k : k + 1]) for k in range(len(old))]
        elif max(len(old), len(new)) <= _SHORT:
            self.found.append(Event("rewrite", run.label_at, old, new))
        else:
            begin, end = run.label_at, run.label_at + len(old)
            inside = [edit for edit in edits if edit.op == "replace" and begin <= edit.label_at < end]
            self.found += [
                Event("replace", edit.label_at, edit.label_tokens, edit.prediction_tokens)
                for edit in inside
                if not any(map(is_structure, edit.label_tokens + edit.prediction_tokens))
            ]


def _marks(tokens: Iterable[str]) -> bool:
    return all(role_of(token) == TokenRole.MARK for token in tokens)


def _label_place(script: EditScript, place: int) -> int:
    """The label's place of a token of the prediction that is aligned with one."""
    shift = 0
    for edit in script.edits:
        if edit.text_at >= place:
            break
        shift += len(edit.label_tokens) - len(edit.prediction_tokens)
    return place + shift


def _scripts(tokens: Sequence[str], bonds: Bonds) -> list[tuple[int, int, int]]:
    """Places of the mark, the opening and the closing brace of every script."""
    return [
        (owner, begin, bonds.closer[begin])
        for begin, owner in bonds.owner.items()
        if tokens[begin] == "{" and begin in bonds.closer and role_of(tokens[owner]) == TokenRole.MARK
    ]


def scripts_of(tokens: Sequence[str]) -> dict[int, int]:
    """Place of each script's mark -> place of its closing brace."""
    return {mark: end for mark, _, end in _scripts(tokens, bonds_of(tuple(tokens)))}


def closers_of(tokens: Sequence[str]) -> dict[int, int]:
    """Place of each brace that closes a script or an argument -> place of its mark or command."""
    bonds = bonds_of(tuple(tokens))
    return {place: owner for place, owner in bonds.owner.items() if tokens[place] == "}"}


def is_balanced(tokens: Sequence[str]) -> bool:
    """Whether no brace is without its partner, and no command or mark without the braces that it needs."""
    depth = 0
    for token in tokens:
        depth += (token == "{") - (token == "}")
        if depth < 0:
            return False
    if depth:
        return False
    for place, token in enumerate(tokens):
        following = tokens[place + 1] if place + 1 < len(tokens) else ""
        if role_of(token) == TokenRole.MARK and following != "{":
            return False
        if role_of(token) == TokenRole.CARRIER and following not in ("{", "["):
            return False
    return True


def apply_events(tokens: Sequence[str], events: Iterable[Event]) -> list[str]:
    """What a label becomes: events apply where they fit and touch nothing that one before them touched."""
    ends = scripts_of(tokens)
    cuts: list[tuple[int, int, tuple[str, ...]]] = []
    touched: set[int] = set()
    for event in events:
        changes = _changes(event, ends)
        places = {place for begin, end, _ in changes for place in range(begin, end)}
        gaps = {-1 - begin for begin, end, _ in changes if begin == end}  # one insertion a gap
        if not (places | gaps) & touched and tuple(tokens[event.at : event.at + len(event.old)]) == event.old:
            touched |= places | gaps
            cuts += changes
    found = list(tokens)
    for begin, end, new in sorted(cuts, reverse=True):
        found[begin:end] = new
    return found


def _changes(event: Event, ends: dict[int, int]) -> list[tuple[int, int, tuple[str, ...]]]:
    """An event as replaced stretches: first place, end, what stands there then."""
    at, end = event.at, event.at + len(event.old)
    if event.action == "flatten":
        close = ends.get(at, at + 1)
        return [(at, at + 2, ()), (close, close + 1, ())]
    if event.action == "shift":
        place = at + int(event.new[0]) + (int(event.new[0]) > 0)
        return [(at, at + 1, ()), (place, place, ("}",))]
    if event.action == "raise":
        return [(at, at, (*event.new, "{")), (end, end, ("}",))]
    return [(at, end, event.new)]

"""Error events larger than a token: a misread symbol, a script read on the baseline, an omitted stretch.

Extracted from edit scripts and applied to other labels; not for sampling them: see `channel`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from mumer_data.alignment.align import Edit, EditScript
from mumer_data.alignment.token_roles import TokenLinks, TokenRole, is_structure, links_of, role_of

Action = Literal["replace", "omit", "add", "flatten", "raise", "switch", "shift", "rewrite"]
_MAX_REWRITE = 16  # tokens of a rewrite that is kept literally
_MAX_SPAN_REWRITE = 8  # the same for a single span of edits


@dataclass(frozen=True, slots=True)
class Event:
    """One error of a recogniser.

    Attributes:
        action: ``replace`` a symbol by another; ``omit`` a stretch; ``add`` tokens; ``flatten`` a script onto the
            baseline of its base; ``raise`` a stretch into a script; ``switch`` a script's mark; ``shift`` the end of a
            script or argument; ``rewrite`` a stretch.
        at: index in the label: of the symbol, of the first token of the stretch, of the script's mark, of the gap.
        old: the label's tokens (the mark, for ``flatten`` and ``switch``; the stretch, for ``raise``).
        new: the model's tokens (the mark, for ``raise`` and ``switch``; for ``shift``, by how many tokens).
    """

    action: Action
    at: int
    old: tuple[str, ...]
    new: tuple[str, ...]


def events_of(script: EditScript) -> tuple[list[Event], int]:
    """The events of one edit script in order of their indices, and how many edits are part of no event."""
    return _EventExtractor(script).events()


class _EventExtractor:
    """Collects the events of one edit script."""

    def __init__(self, script: EditScript) -> None:
        self.script = script
        self.label_links, self.prediction_links = links_of(script.label), links_of(script.prediction)
        self.missing = {edit.label_at for edit in script.edits if edit.op == "insert"}
        self.extra = {edit.prediction_at for edit in script.edits if edit.op == "delete"}
        self.collected: list[Event] = []

    def events(self) -> tuple[list[Event], int]:
        used_label = self._flattened()
        used_prediction = self._raised()
        remaining: list[Edit] = []
        for edit in self.script.edits:
            done = edit.label_at in used_label if edit.op == "insert" else edit.prediction_at in used_prediction
            if done and edit.op != "replace":
                continue
            if edit.op == "replace" and _marks(_tokens_of(edit)):
                self.collected.append(Event("switch", edit.label_at, edit.label_tokens, edit.prediction_tokens))
            else:
                remaining.append(edit)
        spans = self._shifted(EditScript(self.script.label, self.script.prediction, tuple(remaining)).spans())
        lost = self._groups(spans, remaining)
        return sorted(self.collected, key=lambda event: event.at), lost

    def _flattened(self) -> set[int]:
        """Label indices of marks and braces whose content the prediction has without them."""
        used: set[int] = set()
        for mark, begin, end in _scripts(self.script.label, self.label_links):
            if {mark, begin, end} <= self.missing and not set(range(begin + 1, end)) <= self.missing:
                self.collected.append(Event("flatten", mark, (self.script.label[mark],), ()))
                used |= {mark, begin, end}
        return used

    def _raised(self) -> set[int]:
        """Prediction indices of marks and braces whose content the label has without them."""
        used: set[int] = set()
        for mark, begin, end in _scripts(self.script.prediction, self.prediction_links):
            if not {mark, begin, end} <= self.extra:
                continue
            inside = [index for index in range(begin + 1, end) if index not in self.extra]
            if not inside:
                continue
            first, last = (_label_index(self.script, index) for index in (inside[0], inside[-1]))
            stretch = self.script.label[first : last + 1]
            if stretch and is_balanced(stretch):
                self.collected.append(Event("raise", first, stretch, (self.script.prediction[mark],)))
                used |= {mark, begin, end}
        return used

    def _shifted(self, spans: list[Edit]) -> list[Edit]:
        """The spans without those pairs that amount to a moved closing brace."""
        kept: list[Edit] = []
        for span in spans:
            event = self._shift(kept[-1], span) if kept else None
            if event is None:
                kept.append(span)
            else:
                kept.pop()
                self.collected.append(event)
        return kept

    def _shift(self, first: Edit, second: Edit) -> Event | None:
        """Two spans as one moved brace: one span lacks what the other adds, the brace or the tokens it moved past."""
        label, brace = self.script.label, ("}",)
        between = second.label_at - first.label_at - len(first.label_tokens)
        if {first.op, second.op} != {"insert", "delete"}:
            return None
        if brace in (first.label_tokens, first.prediction_tokens) and brace in (
            second.label_tokens,
            second.prediction_tokens,
        ):
            wider = first.op == "insert"
            at, size = (first.label_at, between) if wider else (second.label_at, between)
        elif (
            first.label_tokens + first.prediction_tokens == second.label_tokens + second.prediction_tokens
            and between == 1
        ):
            wider = first.op == "delete"
            at = second.label_at - 1
            size = len(first.label_tokens + first.prediction_tokens)
        else:
            return None
        past = label[at + 1 : at + 1 + size] if wider else label[at - size : at]
        if at in self.label_links.owner and label[at] == "}" and size and is_balanced(past):
            return Event("shift", at, brace, (str(size if wider else -size),))
        return None

    def _groups(self, spans: list[Edit], edits: list[Edit]) -> int:
        """Events of the remaining spans; spans that are balanced only together become one event."""
        lost, open_from = 0, -1
        for number, span in enumerate(spans):
            if open_from < 0 and is_balanced(span.label_tokens) and is_balanced(span.prediction_tokens):
                self._span_events(span, edits)
                continue
            open_from = number if open_from < 0 else open_from
            first = spans[open_from]
            old = self.script.label[first.label_at : span.label_at + len(span.label_tokens)]
            new = self.script.prediction[first.prediction_at : span.prediction_at + len(span.prediction_tokens)]
            if is_balanced(old) and is_balanced(new):
                if max(len(old), len(new)) <= _MAX_REWRITE and old:
                    self.collected.append(Event("rewrite", first.label_at, old, new))
                else:
                    lost += sum(_longer_side(part) for part in spans[open_from : number + 1])
                open_from = -1
        if open_from >= 0:
            lost += sum(map(_longer_side, spans[open_from:]))
        return lost

    def _span_events(self, span: Edit, edits: list[Edit]) -> None:
        old, new = span.label_tokens, span.prediction_tokens
        if not new:
            self.collected.append(Event("omit", span.label_at, old, ()))
        elif not old:
            self.collected.append(Event("add", span.label_at, (), new))
        elif len(old) == len(new) and not any(map(is_structure, old + new)):
            self.collected += [
                Event("replace", span.label_at + k, old[k : k + 1], new[k : k + 1]) for k in range(len(old))
            ]
        elif max(len(old), len(new)) <= _MAX_SPAN_REWRITE:
            self.collected.append(Event("rewrite", span.label_at, old, new))
        else:
            begin, end = span.label_at, span.label_at + len(old)
            inside = [edit for edit in edits if edit.op == "replace" and begin <= edit.label_at < end]
            self.collected += [
                Event("replace", edit.label_at, edit.label_tokens, edit.prediction_tokens)
                for edit in inside
                if not any(map(is_structure, _tokens_of(edit)))
            ]


def _tokens_of(span: Edit) -> tuple[str, ...]:
    return span.label_tokens + span.prediction_tokens


def _longer_side(span: Edit) -> int:
    return max(len(span.label_tokens), len(span.prediction_tokens))


def _marks(tokens: Iterable[str]) -> bool:
    return all(role_of(token) == TokenRole.MARK for token in tokens)


def _label_index(script: EditScript, index: int) -> int:
    """The label index of a prediction token that is aligned with a label token."""
    shift = 0
    for edit in script.edits:
        if edit.prediction_at >= index:
            break
        shift += len(edit.label_tokens) - len(edit.prediction_tokens)
    return index + shift


def _scripts(tokens: Sequence[str], links: TokenLinks) -> list[tuple[int, int, int]]:
    """Indices of the mark, the opening and the closing brace of every script."""
    return [
        (owner, begin, links.closer[begin])
        for begin, owner in links.owner.items()
        if tokens[begin] == "{" and begin in links.closer and role_of(tokens[owner]) == TokenRole.MARK
    ]


def scripts_of(tokens: Sequence[str]) -> dict[int, int]:
    """Index of each script's mark -> index of its closing brace."""
    return {mark: end for mark, _, end in _scripts(tokens, links_of(tuple(tokens)))}


def closers_of(tokens: Sequence[str]) -> dict[int, int]:
    """Index of each brace that closes a script or an argument -> index of its mark or command."""
    links = links_of(tuple(tokens))
    return {index: owner for index, owner in links.owner.items() if tokens[index] == "}"}


def is_balanced(tokens: Sequence[str]) -> bool:
    """Whether every brace has its partner, and every command and mark the braces that it requires."""
    depth = 0
    for token in tokens:
        depth += (token == "{") - (token == "}")
        if depth < 0:
            return False
    if depth:
        return False
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        if role_of(token) == TokenRole.MARK and following != "{":
            return False
        if role_of(token) == TokenRole.CARRIER and following not in ("{", "["):
            return False
    return True


def apply_events(tokens: Sequence[str], events: Iterable[Event]) -> list[str]:
    """Apply events to a label; an event is skipped where it does not match or touches tokens of an earlier one."""
    ends = scripts_of(tokens)
    cuts: list[tuple[int, int, tuple[str, ...]]] = []
    touched: set[int] = set()
    for event in events:
        changes = _changes(event, ends)
        indices = {index for begin, end, _ in changes for index in range(begin, end)}
        gaps = {-1 - begin for begin, end, _ in changes if begin == end}  # one insertion per gap
        if not (indices | gaps) & touched and tuple(tokens[event.at : event.at + len(event.old)]) == event.old:
            touched |= indices | gaps
            cuts += changes
    changed = list(tokens)
    for begin, end, new in sorted(cuts, reverse=True):
        changed[begin:end] = new
    return changed


def _changes(event: Event, ends: dict[int, int]) -> list[tuple[int, int, tuple[str, ...]]]:
    """An event as replaced slices: begin, end, new tokens."""
    at, end = event.at, event.at + len(event.old)
    if event.action == "flatten":
        close = ends.get(at, at + 1)
        return [(at, at + 2, ()), (close, close + 1, ())]
    if event.action == "shift":
        index = at + int(event.new[0]) + (int(event.new[0]) > 0)
        return [(at, at + 1, ()), (index, index, ("}",))]
    if event.action == "raise":
        return [(at, at, (*event.new, "{")), (end, end, ("}",))]
    return [(at, end, event.new)]

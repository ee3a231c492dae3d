"""Gap placement: among alignments of equal cost, choose gaps that keep bracket pairs and command arguments intact.

In ``x { a } { b }`` against ``x { b }`` both ``{ a }`` and ``a } {`` are three missing tokens: the first is chosen.
Not for the alignment itself: see `align`.
"""

from __future__ import annotations

from mumer_data.alignment.token_roles import TokenLinks, is_structure, links_of

_MAX_SHIFT = 64  # tokens that a gap may move either way
_MAX_ROUNDS = 3


def place_gaps(label: list[str], prediction: list[str], to_prediction: list[int], to_label: list[int]) -> None:
    """Move each gap to the position where the fewest links are broken; the last of several.

    Args:
        label, prediction: the tokens.
        to_prediction, to_label: for each token the index of its partner on the other side, or -1; modified in place.
    """
    sides = [
        _Side(*arguments)
        for arguments in ((label, prediction, to_prediction, to_label), (prediction, label, to_label, to_prediction))
    ]
    sides = [side for side in sides if -1 in side.partner]  # gaps never move to the other side
    for side in sides:
        side.gather_gaps()
    for _ in range(_MAX_ROUNDS):
        moved = [side.place_gaps() for side in sides]
        if not any(moved):
            return


class _Side:
    """One of the two token lists, and its gaps: spans of tokens that the other side lacks."""

    def __init__(self, tokens: list[str], others: list[str], partner: list[int], back: list[int]) -> None:
        self.tokens, self.others, self.partner, self.back = tokens, others, partner, back

    def _links(self) -> TokenLinks:
        return links_of(tuple(self.tokens))

    def gather_gaps(self) -> None:
        """Where replaced tokens are next to a gap, try the gap after and before all of them: it may then move further.

        In ``{ x } + { c }`` against ``{ q }``, ``q`` may replace ``x`` or ``c``; only if it replaces ``x`` can
        ``+ { c }`` be the gap.
        """
        end = 0
        while (begin := self._next_gap(end)) < len(self.tokens):
            end = begin + 1
            while begin and not self._kept(begin - 1):
                begin -= 1
            while end < len(self.tokens) and not self._kept(end):
                end += 1
            replaced = [partner for partner in self.partner[begin:end] if partner >= 0]
            if replaced:
                self._gather_span(begin, end, replaced)

    def _gather_span(self, begin: int, end: int, replaced: list[int]) -> None:
        """Choose between the current state of a span, all gaps at its end, and all gaps at its beginning."""
        states = [(self._total_broken(), self._mismatched_classes(begin, end), self.partner[:], self.back[:])]
        count = len(replaced)
        for first, gap in ((begin, (begin + count, end)), (end - count, (begin, end - count))):
            self.partner[begin:end] = [-1] * (end - begin)
            self.partner[first : first + count] = replaced
            for index, partner in enumerate(replaced, first):
                self.back[partner] = index
            mismatched = self._mismatched_classes(begin, end)
            self._move(*gap, self._best(*gap))
            states.append((self._total_broken(), mismatched, self.partner[:], self.back[:]))
            self.partner[:], self.back[:] = states[0][2:]
        best = min((state for state in states if state[1] <= states[0][1]), key=lambda state: state[0])
        self.partner[:], self.back[:] = best[2:]

    def _mismatched_classes(self, begin: int, end: int) -> int:
        """How many symbols replace structure tokens, or the reverse, in a span."""
        pairs = [(self.tokens[index], self.partner[index]) for index in range(begin, end) if self.partner[index] >= 0]
        return sum(is_structure(token) != is_structure(self.others[partner]) for token, partner in pairs)

    def _total_broken(self) -> int:
        """The weight of all links with exactly one kept token, each counted twice."""
        kept = [
            partner >= 0 and self.others[partner] == token
            for token, partner in zip(self.tokens, self.partner, strict=True)
        ]
        return sum(
            weight
            for index, links in enumerate(self._links().of)
            for other, weight in links
            if kept[index] != kept[other]
        )

    def place_gaps(self) -> bool:
        """Move every gap to its best position; whether any moved."""
        moved = False
        end = 0
        while (begin := self._next_gap(end)) < len(self.tokens):
            end = begin + 1
            while end < len(self.tokens) and self.partner[end] < 0:
                end += 1
            shift = self._best(begin, end)
            self._move(begin, end, shift)
            moved |= shift != 0
            end = max(end, end + shift)
        return moved

    def _next_gap(self, begin: int) -> int:
        try:
            return self.partner.index(-1, begin)
        except ValueError:
            return len(self.tokens)

    def _best(self, begin: int, end: int) -> int:
        """The best shift of a gap, in tokens; negative to the left."""
        tokens, left, right = self.tokens, 0, 0
        while left < min(begin, _MAX_SHIFT) and self._kept(begin - left - 1):
            if tokens[begin - left - 1] != tokens[end - left - 1]:
                break
            left += 1
        while right < min(len(tokens) - end, _MAX_SHIFT) and self._kept(end + right):
            if tokens[begin + right] != tokens[end + right]:
                break
            right += 1
        if not left and not right:
            return 0
        broken = {shift: self._broken(begin, end, shift, left, right) for shift in range(-left, right + 1)}
        return min(broken, key=lambda shift: (broken[shift], -shift))

    def _kept(self, index: int) -> bool:
        partner = self.partner[index]
        return partner >= 0 and self.others[partner] == self.tokens[index]

    def _broken(self, begin: int, end: int, shift: int, left: int, right: int) -> int:
        """The weight of the links around the gap with exactly one kept token."""
        total, links = 0, self._links().of
        for index in range(begin - left, end + right):
            gone = begin + shift <= index < end + shift
            for other, weight in links[index]:
                if begin - left <= other < end + right:
                    other_gone = begin + shift <= other < end + shift
                else:
                    other_gone = not self._kept(other)
                total += weight * (gone != other_gone)
        return total

    def _move(self, begin: int, end: int, shift: int) -> None:
        step = 1 if shift > 0 else -1
        for _ in range(abs(shift)):
            taken, freed = (end, begin) if step > 0 else (begin - 1, end - 1)
            partner = self.partner[taken]
            self.partner[freed], self.partner[taken] = partner, -1
            self.back[partner] = freed
            begin, end = begin + step, end + step

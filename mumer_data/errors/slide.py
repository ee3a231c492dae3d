"""Moves gaps of an alignment, at no cost, to where brackets and arguments stay together.

In ``x { a } { b }`` against ``x { b }`` both ``{ a }`` and ``a } {`` are three missing tokens: the first is meant.
"""

from __future__ import annotations

from mumer_data.errors.roles import Bonds

_REACH = 64  # tokens that a gap may move either way
_ROUNDS = 3


def settle(label: list[str], text: list[str], to_text: list[int], to_label: list[int]) -> None:
    """Move each gap to the place where the fewest bonds are broken; the last of the best places.

    Args:
        label, text: the tokens.
        to_text, to_label: for each token its partner's place on the other side or -1; changed in place.
    """
    for _ in range(_ROUNDS):
        moved = _Side(label, text, to_text, to_label).settle()
        moved |= _Side(text, label, to_label, to_text).settle()
        if not moved:
            return


class _Side:
    """One of the two token lists, and its gaps: runs of tokens that the other side lacks."""

    def __init__(self, tokens: list[str], others: list[str], partner: list[int], back: list[int]) -> None:
        self.tokens, self.others, self.partner, self.back = tokens, others, partner, back
        self._bonds: Bonds | None = None

    def settle(self) -> bool:
        """Whether anything moved."""
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
        """How far to move the gap."""
        tokens, left, right = self.tokens, 0, 0
        while left < min(begin, _REACH) and self._kept(begin - left - 1):
            if tokens[begin - left - 1] != tokens[end - left - 1]:
                break
            left += 1
        while right < min(len(tokens) - end, _REACH) and self._kept(end + right):
            if tokens[begin + right] != tokens[end + right]:
                break
            right += 1
        if not left and not right:
            return 0
        if self._bonds is None:
            self._bonds = Bonds(tokens)
        broken = {shift: self._broken(begin, end, shift, left, right) for shift in range(-left, right + 1)}
        return min(broken, key=lambda shift: (broken[shift], -shift))

    def _kept(self, place: int) -> bool:
        partner = self.partner[place]
        return partner >= 0 and self.others[partner] == self.tokens[place]

    def _broken(self, begin: int, end: int, shift: int, left: int, right: int) -> int:
        """The weight of the bonds, around the gap, of which one token is kept and the other is not."""
        assert self._bonds is not None
        total = 0
        for place in range(begin - left, end + right):
            gone = begin + shift <= place < end + shift
            for other, weight in self._bonds.of[place]:
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

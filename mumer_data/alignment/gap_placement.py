"""Moves gaps of an alignment, at no cost, to where brackets and arguments stay together.

In ``x { a } { b }`` against ``x { b }`` both ``{ a }`` and ``a } {`` are three missing tokens: the first is meant.
"""

from __future__ import annotations

from mumer_data.alignment.token_roles import Bonds, bonds_of, is_structure

_REACH = 64  # tokens that a gap may move either way
_ROUNDS = 3


def place_gaps(label: list[str], text: list[str], to_text: list[int], to_label: list[int]) -> None:
    """Move each gap to the place where the fewest bonds are broken; the last of the best places.

    Args:
        label, text: the tokens.
        to_text, to_label: for each token its partner's place on the other side or -1; changed in place.
    """
    sides = [_Side(*these) for these in ((label, text, to_text, to_label), (text, label, to_label, to_text))]
    sides = [side for side in sides if -1 in side.partner]  # no gap ever goes to the other side
    for side in sides:
        side.gather()
    for _ in range(_ROUNDS):
        moved = [side.place_gaps() for side in sides]
        if not any(moved):
            return


class _Side:
    """One of the two token lists, and its gaps: runs of tokens that the other side lacks."""

    def __init__(self, tokens: list[str], others: list[str], partner: list[int], back: list[int]) -> None:
        self.tokens, self.others, self.partner, self.back = tokens, others, partner, back

    def _bonds(self) -> Bonds:
        return bonds_of(tuple(self.tokens))

    def gather(self) -> None:
        """Where replaced tokens stand beside a gap, try the gap after and before all of them: it may then move on.

        In ``{ x } + { c }`` against ``{ q }``, ``q`` may stand for ``x`` or ``c``; only for ``x`` can ``+ { c }`` be
        what is missing.
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
                self._gather(begin, end, replaced)

    def _gather(self, begin: int, end: int, replaced: list[int]) -> None:
        """Choose among the present state of a run, its gaps at its end, and its gaps at its beginning."""
        states = [(self._all_broken(), self._unlike(begin, end), self.partner[:], self.back[:])]
        count = len(replaced)
        for first, gap in ((begin, (begin + count, end)), (end - count, (begin, end - count))):
            self.partner[begin:end] = [-1] * (end - begin)
            self.partner[first : first + count] = replaced
            for place, partner in enumerate(replaced, first):
                self.back[partner] = place
            unlike = self._unlike(begin, end)
            self._move(*gap, self._best(*gap))
            states.append((self._all_broken(), unlike, self.partner[:], self.back[:]))
            self.partner[:], self.back[:] = states[0][2:]
        best = min((state for state in states if state[1] <= states[0][1]), key=lambda state: state[0])
        self.partner[:], self.back[:] = best[2:]

    def _unlike(self, begin: int, end: int) -> int:
        """How many symbols stand for structure, or structure for symbols, in a run."""
        pairs = [(self.tokens[place], self.partner[place]) for place in range(begin, end) if self.partner[place] >= 0]
        return sum(is_structure(token) != is_structure(self.others[partner]) for token, partner in pairs)

    def _all_broken(self) -> int:
        """The weight of all bonds of which one token is kept and the other is not, each counted twice."""
        kept = [
            partner >= 0 and self.others[partner] == token
            for token, partner in zip(self.tokens, self.partner, strict=True)
        ]
        return sum(
            weight
            for place, bonds in enumerate(self._bonds().of)
            for other, weight in bonds
            if kept[place] != kept[other]
        )

    def place_gaps(self) -> bool:
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
        broken = {shift: self._broken(begin, end, shift, left, right) for shift in range(-left, right + 1)}
        return min(broken, key=lambda shift: (broken[shift], -shift))

    def _kept(self, place: int) -> bool:
        partner = self.partner[place]
        return partner >= 0 and self.others[partner] == self.tokens[place]

    def _broken(self, begin: int, end: int, shift: int, left: int, right: int) -> int:
        """The weight of the bonds, around the gap, of which one token is kept and the other is not."""
        total, bonds = 0, self._bonds().of
        for place in range(begin - left, end + right):
            gone = begin + shift <= place < end + shift
            for other, weight in bonds[place]:
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

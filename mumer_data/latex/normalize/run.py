"""Carries out a set of rules on raw labels: tokens, braces, tree, and back to a label.

Not for the rules themselves: see `rules.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.normalize.braces import with_braces
from mumer_data.latex.normalize.chemistry import without_chemistry
from mumer_data.latex.normalize.lexer import raw_tokens, without_comments
from mumer_data.latex.normalize.reader import Macros, needs_reading, read_commands
from mumer_data.latex.normalize.rules import Rule, chosen_rules
from mumer_data.latex.normalize.scopes import INFIX, without_infix, without_switches
from mumer_data.latex.normalize.signatures import signatures
from mumer_data.latex.normalize.structure import STRUCTURE, Evidence, apply_rules
from mumer_data.latex.normalize.unicode import without_unicode
from mumer_data.latex.parser import parse
from mumer_data.latex.to_latex import to_tokens

_INFIX = frozenset(INFIX)
_SIZES = [f"\\{name}{side}" for name in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m")]
_ANGLES = {
    (size, sign): angle
    for size in ("\\left", "\\right", "\\middle", *_SIZES)
    for sign, angle in (("<", "\\langle"), (">", "\\rangle"))
}
MAX_PASSES = 50
MAX_LABEL = 1 << 15  # characters, far above any label that a person wrote; some rules take the square of the length


class Normalizer:
    """A preset of rules, compiled once and applied to many labels.

    Args:
        preset: ``crohme``, ``hme100k``, ``mathwriting``, ``im2latex``, or ``none``, which leaves labels as they are.
        switches: single rules by name, on or off, over the preset.
        macros: definitions that labels use; see `mumer_data.latex.normalize.macros.read_macros`.
    """

    def __init__(
        self, preset: str = "crohme", switches: Mapping[str, bool] | None = None, macros: Macros | None = None
    ) -> None:
        self.macros = macros
        self.rules = chosen_rules(preset, switches)
        self._spellings: dict[str, list[str]] = {}
        self._sizes: set[str] = set()
        for rule in self.rules:
            if rule.kind in ("drop", "drop_delimiter"):
                self._spellings.update({token: [] for token in rule.tokens})
            if rule.kind == "drop_delimiter":
                self._sizes.update(rule.tokens)
            self._spellings.update({token: raw_tokens(after) for token, after in rule.spellings.items()})
        self._spaces = frozenset(token for rule in self.rules if rule.name == "spacing" for token in rule.tokens)
        self._structure = [STRUCTURE[rule.name] for rule in self.rules if rule.kind == "structure"]
        kinds = {rule.kind for rule in self.rules}
        self._unicode, self._join, self._infix = "unicode" in kinds, "join" in kinds, "infix" in kinds
        self._switches = signatures().switches.keys() if "switch" in kinds else frozenset()

    def __call__(self, raw: str) -> str:
        """The canonical label of ``raw``; applying it again changes nothing.

        Raises:
            LatexSyntaxError: LaTeX cannot read it; the position counts the tokens that the error shows.
        """
        if not self.rules:
            return raw
        _check_length(raw)
        label, settled = self._pass(raw)
        for _ in range(MAX_PASSES):
            _check_length(label)
            if settled:
                return label
            before = label
            label, _ = self._pass(before)
            settled = label == before
        raise LatexSyntaxError("no rule leaves it as it is", tokens=raw_tokens(raw), position=0)

    def _pass(self, raw: str) -> tuple[str, bool]:
        """One application of every rule, and whether another cannot change anything.

        What a rule on the tree makes can be what an earlier rule looks for (a group that is gone lays bare a prime).
        """
        plain = without_comments(raw)
        tokens = raw_tokens(without_chemistry(plain) if "\\ce" in plain else plain)
        if self._unicode and not raw.isascii():
            tokens = without_unicode(tokens)
        tokens = self._read(tokens)
        if not self._sizes.isdisjoint(tokens):
            tokens = [t for i, t in enumerate(tokens) if t != "." or not i or tokens[i - 1] not in self._sizes]
        if not self._spaces.isdisjoint(tokens):
            tokens = _without_script_spaces(tokens, self._spaces)
        spellings = self._spellings
        if not spellings.keys().isdisjoint(tokens):
            tokens = [spelling for token in tokens for spelling in spellings.get(token, (token,))]
        tokens, groups = with_braces(tokens)
        label = " ".join(tokens)
        tree = parse(label)
        seen = Evidence(label, frozenset(tokens), groups)
        rules = [rule for rule, possible in self._structure if possible(seen)]
        if rules:
            try:
                tokens = to_tokens(apply_rules(tree, rules).symbols)
            except RecursionError as error:
                reason = f"it is nested too deep ({error})"
                raise LatexSyntaxError(reason, tokens=raw_tokens(raw), position=0) from None
        if not tokens:
            raise LatexSyntaxError("nothing is left of the label", tokens=raw_tokens(raw), position=0)
        return " ".join(_joined_environments(tokens) if self._join else tokens), not rules

    def _read(self, tokens: list[str]) -> list[str]:
        """The tokens as the grammar's commands: arguments that are not formulas gone, macros and infix expanded."""
        if needs_reading(tokens, self.macros):
            tokens = read_commands(tokens, self.macros)
        if self._switches and not self._switches.isdisjoint(tokens):
            tokens = without_switches(tokens)
        if self._infix and not _INFIX.isdisjoint(tokens):
            tokens = without_infix(tokens)
        if "<" in tokens or ">" in tokens:
            tokens = [_ANGLES.get((before, token), token) for before, token in zip(["", *tokens], tokens, strict=False)]
        return tokens

    def explain(self, raw: str) -> tuple[str, list[Rule]]:
        """The canonical label, and the rules without which it would be another."""
        label = self(raw)
        fired = []
        for rule in self.rules:
            others = {other.name: other is not rule for other in self.rules}
            if rule.kind == "braces":
                changed = with_braces(raw_tokens(raw))[0] != raw_tokens(raw)
            else:
                changed = _attempt(Normalizer("none", others), raw) != label
            if changed:
                fired.append(rule)
        return label, fired


def _check_length(label: str) -> None:
    if len(label) > MAX_LABEL:
        reason = f"the label has {len(label):,} characters, more than {MAX_LABEL:,}"
        raise LatexSyntaxError(reason, tokens=[], position=0)


def _attempt(normalizer: Normalizer, raw: str) -> str | None:
    try:
        return normalizer(raw)
    except LatexSyntaxError:
        return None


@lru_cache(maxsize=64)
def _preset(name: str) -> Normalizer:
    return Normalizer(name)


def normalize(raw: str, preset: str = "crohme") -> str:
    """The canonical label of a raw one under a preset; raises ``LatexSyntaxError``."""
    return _preset(preset)(raw)


def _without_script_spaces(tokens: list[str], spaces: frozenset[str]) -> list[str]:
    """The tokens with an empty group where white space is the script: ``x _ \\quad y`` has no y as subscript."""
    out: list[str] = []
    for token in tokens:
        out += ["{", "}"] if token in spaces and out and out[-1] in ("_", "^") else [token]
    return out


def _joined_environments(tokens: list[str]) -> list[str]:
    out: list[str] = []
    for token in tokens:
        if out and out[-1] in ("\\begin", "\\end"):
            out[-1] += token
        else:
            out.append(token)
    return out

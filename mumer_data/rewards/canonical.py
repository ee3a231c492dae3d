"""Normalisation of answers, with a short way for those that are canonical already, as most are.

Not for the rules: see `mumer_data.latex.normalize`, which does all the work where the short way does not hold.
"""

from __future__ import annotations

from functools import lru_cache

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.answers import is_tokenised
from mumer_data.latex.normalize import Normalizer
from mumer_data.latex.normalize.scopes import INFIX
from mumer_data.latex.normalize.structure import STRUCTURE, Evidence
from mumer_data.latex.parser import try_parse
from mumer_data.latex.tree import SymbolTree

_MARKS = frozenset({*"{}^_", "\\limits"})
# A token that the normaliser leaves as it is in one of these is a symbol, or takes arguments, and no rule concerns it.
_PROBES = ("{0}", "{0} {{ a }}", "{0} {{ a }} {{ b }}")
_EXCLUDED = frozenset({"\\begin", "\\end", "\\operatorname", "'", "&", "\\\\", "$", "%", "#", *INFIX})
_MAX_KNOWN = 1 << 14  # tokens whose answer is kept


class _Canonical:
    """A preset, and the tokens that no rule of it concerns."""

    def __init__(self, preset: str) -> None:
        self.normalizer = Normalizer(preset)
        self._possible = [STRUCTURE[rule.name][1] for rule in self.normalizer.rules if rule.kind == "structure"]
        self._plain = dict.fromkeys(_MARKS, True)

    def __call__(self, raw: str) -> str | None:
        tokens = raw.split()
        plain = self._plain
        try:
            settled = all(map(plain.__getitem__, tokens))
        except KeyError:
            settled = all(map(self._is_plain, tokens))
        if settled and tokens:
            braces = tokens.count("{")
            if braces != tokens.count("}"):
                return None  # no rule adds or drops a brace without its partner
            label = " ".join(tokens)
            tree = try_parse(tokens)
            only_scripts = braces == label.count("^ {") + label.count("_ {")
            if tree is not None and (only_scripts or not _has_groups(tree)):
                evidence = Evidence(label, frozenset(tokens), False)
                if not any(possible(evidence) for possible in self._possible):
                    return label
        try:
            return self.normalizer(raw)
        except LatexSyntaxError:
            return None

    def _is_plain(self, token: str) -> bool:
        """Whether a token is one symbol that no rule concerns."""
        plain = self._plain.get(token)
        if plain is None:
            probes = (probe.format(token) for probe in _PROBES)
            possible = token.isascii() and token not in _EXCLUDED and is_tokenised(token) and "{" not in token
            plain = possible and any(self._unchanged(probe) for probe in probes)
            if len(self._plain) < _MAX_KNOWN:
                self._plain[token] = plain
        return plain

    def _unchanged(self, label: str) -> bool:
        try:
            return self.normalizer(label) == label
        except LatexSyntaxError:
            return False


def _has_groups(tree: SymbolTree) -> bool:
    return any(symbol.token == "{" for _, symbol in tree.walk())


@lru_cache(maxsize=16)
def _preset(name: str) -> _Canonical:
    return _Canonical(name)


def canonical(raw: str, preset: str) -> str | None:
    """The canonical label, the same as `normalize` returns; ``None`` where that raises ``LatexSyntaxError``."""
    return _preset(preset)(raw)

"""Filter on the symbols of a label: an allowed vocabulary, and denied symbols."""

from __future__ import annotations

from pathlib import Path

from mumer_data.exceptions import SourceError
from mumer_data.filters import FilterOptions, Rejection
from mumer_data.latex.expression import Expression
from mumer_data.readers.paths import resolve
from mumer_data.records import Example

_MAX_NAMED = 5


def read_vocabulary(path: Path) -> frozenset[str]:
    """The tokens of a vocabulary file: UTF-8, one per line, as in the dictionaries of CROHME recognisers.

    Raises:
        SourceError: the file cannot be read, has no tokens, or a line with more than one.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"the vocabulary {path} cannot be read: {error}") from error
    tokens = {line.strip() for line in lines} - {""}
    if spaced := sorted(token for token in tokens if len(token.split()) > 1):
        raise SourceError(f"the vocabulary {path} must have one token per line, found {spaced[0]!r}")
    if not tokens:
        raise SourceError(f"the vocabulary {path} has no tokens")
    return frozenset(tokens)


class SymbolsFilter:
    """Keeps labels whose tokens are all in a vocabulary and none of which is denied."""

    class Options(FilterOptions):
        """Which tokens are allowed.

        Attributes:
            vocabulary: a file with one token per line; braces are always allowed.
            deny: tokens that exclude a label.
        """

        vocabulary: str | None = None
        deny: tuple[str, ...] = ()

    def __init__(self, options: Options, base: Path) -> None:
        """Read the vocabulary; raises ``SourceError``."""
        self._vocabulary = None
        if options.vocabulary is not None:
            self._vocabulary = read_vocabulary(resolve(options.vocabulary, base)) | {"{", "}"}
        self._denied = frozenset(options.deny)

    def check(self, example: Example, expression: Expression) -> Rejection | None:
        """Reasons: ``symbol_unknown``, ``symbol_denied``."""
        tokens = set(expression.tokens)
        if self._vocabulary is not None and not tokens <= self._vocabulary:
            return Rejection("symbol_unknown", f"not in the vocabulary: {_list_tokens(tokens - self._vocabulary)}")
        if not tokens.isdisjoint(self._denied):
            return Rejection("symbol_denied", f"the pipeline denies {_list_tokens(tokens & self._denied)}")
        return None


def _list_tokens(tokens: set[str]) -> str:
    first = sorted(tokens)[:_MAX_NAMED]
    return " ".join(first) + (f" and {len(tokens) - _MAX_NAMED} more" if len(tokens) > _MAX_NAMED else "")

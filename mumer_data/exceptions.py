"""Every error a user can cause: what is wrong, where, and what to do about it.

Not for programming mistakes: those stay ordinary Python exceptions.
"""

from __future__ import annotations


class MumerError(Exception):
    """Base of all errors that a user's input, options or files can cause."""


class LatexSyntaxError(MumerError):
    """A label that the grammar cannot read.

    Args:
        reason: what is wrong, e.g. ``expected '{' after \\frac, found 'x'``.
        tokens: the label's tokens (split on whitespace).
        position: index into ``tokens`` of the offending token; ``len(tokens)`` means the end of the label.
        expected: the tokens, or kinds of token, that could have stood there.
    """

    def __init__(self, reason: str, *, tokens: list[str], position: int, expected: tuple[str, ...] = ()) -> None:
        self.reason = reason
        self.tokens = tokens
        self.position = position
        self.expected = expected
        super().__init__(f"{reason} (token {position})\n{self.context()}")

    def context(self, width: int = 100) -> str:
        """The label around the error with a caret line under the offending token (at most ``width`` columns)."""
        before = " ".join(self.tokens[: self.position])
        start = len(before) + 1 if before else 0
        line = " ".join(self.tokens)
        left = max(0, start - width // 2)
        shown = line[left : left + width].replace("\t", " ")
        lead = "... " if left else ""
        size = len(self.tokens[self.position]) if self.position < len(self.tokens) else 1
        caret = "^" * max(1, min(size, width // 2))
        return f"    {lead}{shown}\n    {' ' * (len(lead) + start - left)}{caret}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_latex_error, (self.reason, self.tokens, self.position, self.expected)


def _rebuild_latex_error(reason: str, tokens: list[str], position: int, expected: tuple[str, ...]) -> LatexSyntaxError:
    return LatexSyntaxError(reason, tokens=tokens, position=position, expected=expected)


class TreeTextError(MumerError):
    """A Tree-CoT or symbol-count text that does not describe a label; ``line`` counts from 1."""

    def __init__(self, reason: str, *, line: int) -> None:
        self.reason = reason
        self.line = line
        super().__init__(f"line {line}: {reason}")

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_tree_text_error, (self.reason, self.line)


def _rebuild_tree_text_error(reason: str, line: int) -> TreeTextError:
    return TreeTextError(reason, line=line)


class CorrectionError(MumerError):
    """A prediction that cannot be marked, or a correction log that does not fit its marks; ``reason`` names it."""

    def __init__(self, message: str, *, reason: str) -> None:
        self.message = message
        self.reason = reason
        super().__init__(message)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_correction_error, (self.message, self.reason)


def _rebuild_correction_error(message: str, reason: str) -> CorrectionError:
    return CorrectionError(message, reason=reason)


class SourceError(MumerError):
    """An input that cannot be used at all: a folder, file, column or archive that is missing or unreadable."""


class ImageError(MumerError):
    """An image that cannot be used; ``reason`` is a short name for the rejects table, e.g. ``image_missing``."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        self.message = message
        super().__init__(message)

    def __reduce__(self) -> tuple[object, ...]:
        return ImageError, (self.reason, self.message)


class PipelineError(MumerError):
    """A pipeline file that is wrong: the message names the key, its value and what would be right."""


class OutputError(MumerError):
    """An output folder that cannot be written, or that holds something else already."""


class HubError(MumerError):
    """A push that the Hub refuses, that broke off, or that must not be made as it is."""


class GenerationError(MumerError):
    """Labels that cannot be drawn as they were asked for: the message says how many there are, and why no more."""

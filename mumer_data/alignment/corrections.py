"""Prediction -> marked formula and correction log, and back: the log applied to the marked formula yields the label.

Not for prompts: see `mumer_data.tasks`. Formats: Uni-MuMER (arXiv 2505.23566).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mumer_data.alignment.align import Edit, EditScript, align
from mumer_data.exceptions import CorrectionError
from mumer_data.records import Correction

START, END, DELETED, BEGINNING = "<error_start>", "<error_end>", "<deleted>", "<start>"
_MARKS = (START, END, DELETED, BEGINNING)
_ARROW, _AFTER = " -> ", " after "


def correction(label: str, prediction: str) -> Correction:
    """The marked formula and the correction log of one prediction.

    The log is checked: applied to the marked formula it yields the label. A correct prediction has no marks and an
    empty log. Neither label nor prediction needs to parse.

    Raises:
        CorrectionError: a token looks like a mark or an arrow, or there are no tokens.
    """
    return correction_of(align(label, prediction))


def correction_of(script: EditScript) -> Correction:
    """As `correction`, from an edit script."""
    check_tokens(script.label, script.prediction)
    spans = script.spans()
    label, marked = " ".join(script.label), " ".join(_marked(script.prediction, spans))
    log = "\n".join([_operation(span, script.prediction) for span in spans])
    if apply_log(marked, log) != label:  # an internal error, which must not pass silently
        raise CorrectionError("the correction log does not yield the label", reason="not_reversible")
    return Correction(label, " ".join(script.prediction), marked, log)


def check_tokens(label: Sequence[str], prediction: Sequence[str]) -> None:
    """Refuse tokens that the format cannot distinguish from its own marks.

    Raises:
        CorrectionError: with reason ``token_like_mark``, ``token_like_arrow``, ``label_empty`` or
            ``prediction_empty``.
    """
    for name, tokens in (("label", label), ("prediction", prediction)):
        if not tokens:
            raise CorrectionError(f"the {name} is empty: nothing to mark", reason=f"{name}_empty")
        for index, token in enumerate(tokens):
            if "<" in token and any(mark in token for mark in _MARKS):
                problem = f"token {index} of the {name}, {token!r}, looks like a mark"
                raise CorrectionError(problem, reason="token_like_mark")
            if token == "->":
                problem = f"token {index} of the {name} is the arrow that separates old from new in a correction log"
                raise CorrectionError(problem, reason="token_like_arrow")


def _marked(prediction: Sequence[str], spans: list[Edit]) -> Iterator[str]:
    done = 0
    for span in spans:
        yield from prediction[done : span.prediction_at]
        done = span.prediction_at + len(span.prediction_tokens)
        if span.prediction_tokens:
            yield START
            yield from span.prediction_tokens
            yield END
        else:
            yield DELETED
    yield from prediction[done:]


def _operation(span: Edit, prediction: Sequence[str]) -> str:
    new, old = " ".join(span.label_tokens), " ".join(span.prediction_tokens)
    if span.op == "replace":
        return f"REPLACE:{old}{_ARROW}{new}"
    if span.op == "delete":
        return f"DELETE:{old}"
    return f"INSERT:{new}{_AFTER}{prediction[span.prediction_at - 1] if span.prediction_at else BEGINNING}"


def apply_log(marked: str, log: str) -> str:
    """The label that results from applying a correction log to a marked formula; the inverse of `correction`.

    Args:
        marked: a formula with ``<error_start> ... <error_end>`` and ``<deleted>``.
        log: one operation a line, in the order of the marks; ``""`` for a formula without marks.

    Raises:
        CorrectionError: marks and log do not match; those of a model often do not.
    """
    operations = iter(log.split("\n") if log else ())
    label: list[str] = []
    wrong: list[str] | None = None
    previous = BEGINNING  # the prediction's token before the current position
    for token in marked.split():
        if token == START and wrong is None:
            wrong = []
        elif token == END and wrong is not None:
            label += _corrected(next(operations, ""), wrong)
            previous = wrong[-1] if wrong else previous
            wrong = None
        elif token == DELETED and wrong is None:
            label += _inserted(next(operations, ""), previous)
        elif token in (START, END, DELETED):
            raise CorrectionError(f"{token} is not allowed here", reason="marks")
        elif wrong is not None:
            wrong.append(token)
        else:
            label.append(token)
            previous = token
    if wrong is not None:
        raise CorrectionError(f"{START} without {END}", reason="marks")
    if (left := next(operations, None)) is not None:
        raise CorrectionError(f"no mark is left for {left!r}", reason="log")
    return " ".join(label)


def _corrected(operation: str, wrong: list[str]) -> list[str]:
    """The tokens with which an operation replaces a wrong span."""
    verb, _, rest = operation.partition(":")
    old, arrow, new = rest.partition(_ARROW) if verb == "REPLACE" else (rest, "", "")
    if verb not in ("REPLACE", "DELETE") or (verb == "REPLACE" and not arrow) or old.split() != wrong:
        expected = " ".join(wrong)
        raise CorrectionError(f"{operation!r} does not replace or delete {expected!r}", reason="log")
    return new.split()


def _inserted(operation: str, previous: str) -> list[str]:
    """The tokens that an operation inserts in a gap."""
    verb, _, rest = operation.partition(":")
    new, after, preceding = rest.rpartition(_AFTER)
    if verb != "INSERT" or not after or preceding != previous:
        raise CorrectionError(f"{operation!r} does not insert after {previous!r}", reason="log")
    return new.split()

"""A wrong prediction -> marked formula and correction log, and back: the log applied to the marks gives the label.

Not for chats: the questions around these texts are `mumer_data.tasks`'. Formats: Uni-MuMER (arXiv 2505.23566).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mumer_data.alignment.align import Edit, EditScript, align
from mumer_data.exceptions import CorrectionError
from mumer_data.records import Correction

START, END, DELETED, BEGINNING = "<error_start>", "<error_end>", "<deleted>", "<start>"
_MARKS = (START, END, DELETED, BEGINNING)
_ARROW, _AFTER = " -> ", " after "


def correction(label: str, text: str) -> Correction:
    """The marked formula and the correction log of one prediction, checked: the log applied to it gives the label.

    A right prediction has no marks and an empty log. Both texts may be unparsable.

    Raises:
        CorrectionError: a token looks like a mark or an arrow, or there are no tokens.
    """
    return correction_of(align(label, text))


def correction_of(script: EditScript) -> Correction:
    """The same, of a script at hand."""
    check_tokens(script.label, script.text)
    runs = script.runs()
    label, marked = " ".join(script.label), " ".join(_marked(script.text, runs))
    log = "\n".join([_operation(run, script.text) for run in runs])
    if apply_log(marked, log) != label:  # cannot happen, and must not happen unseen
        raise CorrectionError("the correction log does not lead back to the label", reason="not_reversible")
    return Correction(label, " ".join(script.text), marked, log)


def check_tokens(label: Sequence[str], text: Sequence[str]) -> None:
    """Refuse what the format cannot tell apart from its own signs.

    Raises:
        CorrectionError: with reason ``token_like_mark``, ``token_like_arrow``, ``label_empty`` or
            ``prediction_empty``.
    """
    for name, tokens in (("label", label), ("prediction", text)):
        if not tokens:
            raise CorrectionError(f"the {name} is empty: nothing to mark", reason=f"{name}_empty")
        for place, token in enumerate(tokens):
            if "<" in token and any(mark in token for mark in _MARKS):
                problem = f"token {place} of the {name}, {token!r}, looks like a mark"
                raise CorrectionError(problem, reason="token_like_mark")
            if token == "->":
                problem = f"token {place} of the {name} is the arrow that parts old from new in a correction log"
                raise CorrectionError(problem, reason="token_like_arrow")


def _marked(text: Sequence[str], runs: list[Edit]) -> Iterator[str]:
    done = 0
    for run in runs:
        yield from text[done : run.text_at]
        done = run.text_at + len(run.prediction_tokens)
        if run.prediction_tokens:
            yield START
            yield from run.prediction_tokens
            yield END
        else:
            yield DELETED
    yield from text[done:]


def _operation(run: Edit, text: Sequence[str]) -> str:
    new, old = " ".join(run.label_tokens), " ".join(run.prediction_tokens)
    if run.op == "replace":
        return f"REPLACE:{old}{_ARROW}{new}"
    if run.op == "delete":
        return f"DELETE:{old}"
    return f"INSERT:{new}{_AFTER}{text[run.text_at - 1] if run.text_at else BEGINNING}"


def apply_log(marked: str, log: str) -> str:
    """The label that a correction log makes of a marked formula; the inverse of `correction`.

    Args:
        marked: a formula with ``<error_start> ... <error_end>`` and ``<deleted>``.
        log: one operation a line, in the order of the marks; ``""`` for a formula without marks.

    Raises:
        CorrectionError: marks and log do not fit each other; a model's log often does not.
    """
    operations = iter(log.split("\n") if log else ())
    found: list[str] = []
    wrong: list[str] | None = None
    previous = BEGINNING  # the prediction's token before the present place
    for token in marked.split():
        if token == START and wrong is None:
            wrong = []
        elif token == END and wrong is not None:
            found += _corrected(next(operations, ""), wrong)
            previous = wrong[-1] if wrong else previous
            wrong = None
        elif token == DELETED and wrong is None:
            found += _inserted(next(operations, ""), previous)
        elif token in (START, END, DELETED):
            raise CorrectionError(f"{token} stands where it cannot", reason="marks")
        elif wrong is not None:
            wrong.append(token)
        else:
            found.append(token)
            previous = token
    if wrong is not None:
        raise CorrectionError(f"{START} without {END}", reason="marks")
    if (left := next(operations, None)) is not None:
        raise CorrectionError(f"no mark is left for {left!r}", reason="log")
    return " ".join(found)


def _corrected(operation: str, wrong: list[str]) -> list[str]:
    """What an operation makes of a wrong run."""
    verb, _, rest = operation.partition(":")
    old, arrow, new = rest.partition(_ARROW) if verb == "REPLACE" else (rest, "", "")
    if verb not in ("REPLACE", "DELETE") or (verb == "REPLACE" and not arrow) or old.split() != wrong:
        expected = " ".join(wrong)
        raise CorrectionError(f"{operation!r} does not replace or delete {expected!r}", reason="log")
    return new.split()


def _inserted(operation: str, previous: str) -> list[str]:
    """What an operation puts into a gap."""
    verb, _, rest = operation.partition(":")
    new, after, place = rest.rpartition(_AFTER)
    if verb != "INSERT" or not after or place != previous:
        raise CorrectionError(f"{operation!r} does not insert after {previous!r}", reason="log")
    return new.split()

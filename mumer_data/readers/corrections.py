"""Corrections of labels: a TSV file of ``id, old label, new label, verdict, who, when``, and its reader.

Not for corrections of predictions (error samples): see `mumer_data.alignment.corrections`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from mumer_data.exceptions import LatexSyntaxError, SourceError
from mumer_data.io.atomic import atomic_write
from mumer_data.latex.normalize import Normalizer
from mumer_data.latex.parser import parse
from mumer_data.readers import Reader
from mumer_data.records import Example, Prediction, Reject, Slice

COLUMNS = ("id", "old label", "new label", "verdict", "who", "when")
VERDICTS = ("keep", "take", "edit", "drop", "unsure")
DROPPED = "label_dropped"


@dataclass(frozen=True, slots=True)
class LabelCorrection:
    """One decision about a label.

    Attributes:
        id: id of the row.
        old: the label that was judged.
        new: the label to use from now on; equal to ``old`` for ``keep`` and ``unsure``, ``""`` for ``drop``.
        verdict: ``keep`` (the label is right), ``take`` (a proposal is right), ``edit`` (another label is right),
            ``drop`` (the row is unusable) or ``unsure``.
        who, when: as the reviewer entered them; may be empty.
    """

    id: str
    old: str
    new: str
    verdict: str
    who: str = ""
    when: str = ""

    @property
    def changes(self) -> bool:
        """Whether a build differs with it."""
        return self.verdict in ("take", "edit", "drop")


def read_corrections(path: Path) -> dict[str, LabelCorrection]:
    """Id -> decision. Lines that begin with ``#`` and the heading are skipped.

    Raises:
        SourceError: the file cannot be read, a line does not have the six columns, a verdict is not known, a new label
            does not parse, or an id occurs twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror or error}); check the path") from None
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    decisions: dict[str, LabelCorrection] = {}
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if not line.strip() or line.startswith("#") or line.split("\t")[0] == COLUMNS[0]:
            continue
        decision = _decision(line, f"line {number} of {path}")
        if decision.id in decisions:
            raise SourceError(
                f"line {number} of {path}: the id {decision.id!r} occurs twice; keep one of the two lines"
            )
        decisions[decision.id] = decision
    return decisions


def _decision(line: str, where: str) -> LabelCorrection:
    cells = [cell.strip() for cell in line.split("\t")]
    if not 4 <= len(cells) <= len(COLUMNS) or not cells[0]:
        raise SourceError(f"{where} has {len(cells)} columns; write {', '.join(COLUMNS)}, separated by tabs")
    decision = LabelCorrection(*cells)
    if decision.verdict not in VERDICTS:
        raise SourceError(f"{where}: unknown verdict {decision.verdict!r}; choose {', '.join(VERDICTS)}")
    if decision.verdict in ("take", "edit"):
        try:
            parse(decision.new)
        except LatexSyntaxError as error:
            raise SourceError(f"{where}: the new label does not parse: {error.reason}") from None
    return decision


def write_corrections(path: Path, decisions: Iterable[LabelCorrection], note: str = "") -> None:
    """Write decisions as a file that `read_corrections` reads; ``note`` becomes comment lines at its head."""
    lines = [f"# {line}" for line in note.splitlines()] + ["\t".join(COLUMNS)]
    lines += ["\t".join(" ".join(cell.split()) for cell in astuple(decision)) for decision in decisions]
    with atomic_write(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def correct(
    label: str,
    decision: LabelCorrection | None,
    where: str,
    normalize: Callable[[str], str] | None = None,
) -> str | None:
    """The label after a decision; ``None`` where the row is dropped.

    Args:
        label: as the source has it.
        decision: about this id, or ``None``.
        where: names the row in an error.
        normalize: the old label may also equal the normalised label.

    Raises:
        SourceError: the old label of the decision is not the label of the source.
    """
    if decision is None or not decision.changes:
        return label
    tokens = decision.old.split()
    if label.split() != tokens and (normalize is None or normalize(label).split() != tokens):
        raise SourceError(
            f"{where}: the correction was made for the label {decision.old!r}, but the source has {label!r}; "
            "use the corrections of this version of the data set, or remove the line"
        )
    return None if decision.verdict == "drop" else decision.new


def correct_predictions(
    rows: Iterable[Prediction], decisions: Mapping[str, LabelCorrection], counts: Counter[str] | None = None
) -> Iterator[Prediction]:
    """Predictions with corrected labels; those of dropped rows are left out. ``counts``: ``changed``, ``dropped``."""
    for row in rows:
        label = correct(row.label, decisions.get(row.id), f"prediction {row.row} (id {row.id!r})")
        if counts is not None and label != row.label:
            counts["dropped" if label is None else "changed"] += 1
        if label is not None:
            yield replace(row, label=label)


class CorrectedReader:
    """Another reader with corrected labels; a dropped row becomes a reject with reason ``label_dropped``.

    Args:
        reader: reader of the source.
        path: path of the corrections.
        preset, rules: normalisation of the pipeline; old labels may be normalised.

    Raises:
        SourceError: see `read_corrections`.
    """

    def __init__(
        self, reader: Reader, path: Path, preset: str = "none", rules: Mapping[str, bool] | None = None
    ) -> None:
        self._reader, self._path = reader, path
        self._normalization = (preset, tuple(sorted((rules or {}).items())))
        self._decisions = read_corrections(path)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._reader, name)

    def files(self) -> list[Path]:
        """Those of the source, and the corrections."""
        return [*self._reader.files(), self._path]

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """As the source."""
        return self._reader.plan(max_rows, max_bytes)

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every row of one slice, corrected; raises ``SourceError`` where an old label does not match."""
        for row in self._reader.read(part):
            decision = self._decisions.get(row.id) if isinstance(row, Example) else None
            if decision is None or not isinstance(row, Example):
                yield row
                continue
            label = correct(row.label, decision, f"row {row.row} (id {row.id!r})", self._normalize)
            if label is None:
                yield Reject(row.id, row.row, DROPPED, f"dropped by {self._path.name}", None, row.label)
            else:
                yield replace(row, label=label)

    def facts(self, parts: Iterable[Slice]) -> dict[str, Any]:
        """For the manifest: name and sha256 of the file, and how many rows it changes, drops and does not concern.

        Reads the labels once, so that a correction that does not match stops a build before it begins.
        """
        counts: Counter[str] = Counter()
        used: set[str] = set()
        for part in parts:
            for row in self.read(part):
                decision = self._decisions.get(row.id)
                if decision is None:
                    continue
                used.add(row.id)
                if isinstance(row, Reject):
                    counts["dropped"] += row.reason == DROPPED
                else:
                    counts["changed" if decision.changes else "unchanged"] += 1
        digest = hashlib.sha256(self._path.read_bytes()).hexdigest()
        counts["not_in_source"] = len(self._decisions) - len(used)
        numbers = {name: counts[name] for name in ("changed", "dropped", "unchanged", "not_in_source")}
        return {"file": self._path.name, "sha256": digest, "decisions": len(self._decisions), **numbers}

    def _normalize(self, label: str) -> str:
        try:
            return _normalizer(*self._normalization)(label)
        except LatexSyntaxError:
            return label


@lru_cache(maxsize=4)
def _normalizer(preset: str, rules: tuple[tuple[str, bool], ...]) -> Normalizer:
    return Normalizer(preset, dict(rules))

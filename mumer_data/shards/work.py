"""The work folder of a run: its lock, its plan file, and a marker for every unit of work that is done.

Every job that resumes uses it. Not for what a run writes: see `run` and the jobs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from mumer_data.exceptions import OutputError
from mumer_data.io.atomic import remove_stale, write_json
from mumer_data.io.markers import digest_of, read_marker, write_marker
from mumer_data.io.processes import parallel_map
from mumer_data.io.storage import is_remote, lock_of, remove_folder

WORK = "_work"
PLAN_FILE = "plan.json"  # in the work folder, as long as there is something to resume
_SHOWN = 40  # characters of a setting in a message


@dataclass(frozen=True, slots=True)
class Markers:
    """The markers of a run, for any process.

    Attributes:
        folder: the work folder.
        fingerprint: of the run; markers of other runs do not count.
    """

    folder: Path
    fingerprint: str

    def save(self, name: str, result: Any, files: Iterable[Path] = ()) -> None:
        """Mark the unit ``name`` as done.

        Args:
            name: of the unit.
            result: what to keep of it, as JSON values.
            files: what it wrote, complete; in the work folder or beside it.
        """
        write_marker(self._path(name), {"fingerprint": self.fingerprint, "result": result}, files)

    def load(self, name: str) -> Any | None:
        """The result of a unit; ``None`` if it is not done, is damaged, or belongs to another run."""
        value = read_marker(self._path(name))
        return None if value is None or value.get("fingerprint") != self.fingerprint else value["result"]

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"


class Unit(Protocol):
    """One unit of work: a pure function of its fields, in any process and order."""

    @property
    def name(self) -> str:
        """Name of its marker, unique within the run."""

    def do(self) -> tuple[Any, Sequence[Path]]:
        """Do the work; returns the result as JSON values (not ``None``), and the files written."""


def _result(markers: Markers, unit: Unit) -> Any:
    result = markers.load(unit.name)
    if result is None:
        result, files = unit.do()
        markers.save(unit.name, result, files)
    return result


class WorkFolder:
    """The work folder of one run, new or resumed; a context manager that holds the lock.

    Inside the block, call `check`, then `begin` if the run is not finished, and `end` when its output is complete:
    the folder is then removed. Without `end` it stays, to be resumed.

    Args:
        path: of the folder.
        out: file or folder that the run writes, for messages.
        fingerprint: one hash over everything that determines the output bytes; ``None`` for that of ``settings``.
        settings: the same by name, as JSON values, so that a message can say what differs.
        resume: whether an unfinished run may be continued.
    """

    def __init__(
        self,
        path: Path,
        out: Path,
        *,
        resume: bool,
        fingerprint: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.path, self.out, self.resume = path, out, resume
        self.settings: dict[str, Any] = json.loads(json.dumps(dict(settings or {})))  # tuples become lists, as in files
        self.markers = Markers(path, fingerprint or digest_of(self.settings))
        self._lock = lock_of(path / "lock", take_over=resume)
        self._held = self._over = False
        self._kind = "folder" if path.parent == out else "file"

    def __enter__(self) -> WorkFolder:
        if not is_remote(self.path) and self.path.is_dir():  # a folder in use is reported as that, not as unfinished
            self._hold()
        return self

    def _hold(self) -> None:
        try:
            self._lock.__enter__()
        except TimeoutError:
            hint = "; if it was killed, --resume takes its place" if is_remote(self.out) else ""
            message = f"another run is writing to {self.out}: wait for it, or choose another {self._kind}{hint}"
            raise OutputError(message) from None
        self._held = True

    @property
    def unfinished(self) -> bool:
        """Whether there is a run to resume."""
        return (self.path / PLAN_FILE).is_file()

    def check(self, finished: Mapping[str, Any] | None) -> bool:
        """Refuse an output that exists, unless it may be resumed and has the same settings.

        Args:
            finished: ``fingerprint`` and perhaps ``settings`` of the finished run; ``None`` if there is none.

        Returns:
            Whether the run is finished: nothing is to be done.

        Raises:
            OutputError: the output exists and ``resume`` is off, or it was written with other settings.
        """
        unfinished = self.unfinished
        if unfinished and not self.resume:
            rest = "the folder" if self._kind == "folder" else str(self.path)
            raise OutputError(f"{self.out} holds an unfinished run: go on with --resume, or delete {rest}")
        if not unfinished and finished is None:
            return False
        if not self.resume:
            raise OutputError(f"{self.out} holds a build already: choose another {self._kind}, or delete it")
        known = self._plan() if unfinished else finished or {}
        if known.get("fingerprint") not in (None, self.markers.fingerprint):  # a damaged plan: every marker has it too
            raise OutputError(
                f"{self.out} was begun with {self._differing(known)}: it cannot be resumed; "
                f"choose another {self._kind}, or delete it"
            )
        return not unfinished

    def _plan(self) -> dict[str, Any]:
        try:
            plan = json.loads((self.path / PLAN_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return plan if isinstance(plan, dict) else {}

    def _differing(self, known: Mapping[str, Any]) -> str:
        before, now = _flat(known.get("settings")), _flat(self.settings)
        names = [name for name in before | now if before.get(name) != now.get(name)]
        if not before or not names:
            return "another pipeline, input or version"
        return "other settings: " + ", ".join(f"{name}{_values(before.get(name), now.get(name))}" for name in names)

    def begin(self) -> None:
        """Create the folder, take the lock, and write the plan file."""
        if not self._held:
            if not is_remote(self.path):  # there, a folder is only a prefix of names
                self.path.mkdir(parents=True, exist_ok=True)
            self._hold()
        if not is_remote(self.path):
            remove_stale(self.path)
        plan = {"fingerprint": self.markers.fingerprint}
        write_json(self.path / PLAN_FILE, plan | ({"settings": self.settings} if self.settings else {}))

    def results(self, units: Sequence[Unit], workers: int | None) -> Iterator[Any]:
        """The result of every unit, in order: read from its marker, or computed and then marked as done.

        Args:
            units: picklable by cloudpickle.
            workers: processes; ``None`` for one per core.
        """
        return parallel_map(partial(_result, self.markers), units, workers, ordered=True)

    def end(self) -> None:
        """Declare the run over: there is nothing to resume."""
        self._over = True

    def __exit__(self, *exception: object) -> None:
        if self._over:  # before anything else, since a kill may come: a folder without a plan is not unfinished
            with suppress(OSError):
                (self.path / PLAN_FILE).unlink(missing_ok=True)
        if self._held:
            self._lock.__exit__(None, None, None)
            self._held = False
        if self._over:
            with suppress(OSError):
                remove_folder(self.path)


def _flat(settings: object) -> dict[str, Any]:
    """Settings by name, ``outer.inner`` for nested ones."""
    flat: dict[str, Any] = {}
    for name, value in (settings if isinstance(settings, dict) else {}).items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": one for inner, one in _flat(value).items()}
        else:
            flat[name] = value
    return flat


def _values(before: object, now: object) -> str:
    """Both values of a setting, if they are short."""
    shown = [json.dumps(value, ensure_ascii=False) for value in (before, now)]
    return f" ({shown[0]}, now {shown[1]})" if max(map(len, shown)) <= _SHOWN else ""

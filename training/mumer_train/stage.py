"""One stage of a cross-fold run: a command, and the file that marks it as finished.

Not for the order of stages: see `crossfold`.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mumer_train.dependencies import TrainingError
from mumer_train.foreign import record_trained


@dataclass(frozen=True, slots=True)
class Stage:
    """One command, and the file that it writes when it has finished.

    ``external`` commands are complete; others are arguments of ``mumer``. An external trainer does not know the file
    ``done``, so the file is written after it has succeeded.
    """

    arguments: list[str]
    done: Path
    external: bool = False

    @property
    def trains(self) -> bool:
        """Whether the command is an external trainer."""
        return self.external and self.done.suffix == ".done"

    def __str__(self) -> str:
        command = shlex.join(self.arguments if self.external else ["mumer", *self.arguments])
        return f"{command} && touch {shlex.quote(str(self.done))}" if self.trains else command


def run_stage(stage: Stage) -> None:
    """Run a stage that has not finished.

    Raises:
        TrainingError: it fails, or does not write its file.
    """
    if stage.done.exists():
        return
    print(f"$ {stage}", flush=True)
    mumer = [sys.executable, "-m", "mumer_data"]
    command = stage.arguments if stage.external else [*mumer, *stage.arguments]
    if command[0] == "mumer":  # the interpreter of this environment, regardless of PATH
        command = [*mumer, *command[1:]]
    try:
        code = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise TrainingError(f"{command[0]} cannot be started: {error.strerror or error}") from None
    if stage.trains and not code:
        record_trained(stage.done, stage.done.parent / "train")
    if code or not stage.done.exists():
        raise TrainingError(
            f"this stage failed with exit code {code}; fix it and run the same command again to continue: {stage}"
        )

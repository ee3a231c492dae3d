"""A small disk for a shell script: a tmpfs in a mount name space of its own, gone with the script, however it ends.

Not for anything that a folder can show.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_OWN = ["unshare", "--user", "--map-root-user", "--mount"]


@lru_cache(maxsize=1)
def _why_not() -> str:
    """Why no disk can be mounted here; empty where one can."""
    if shutil.which("unshare") is None:
        return "no unshare here"
    found = subprocess.run([*_OWN, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, text=True)
    return found.stderr.strip()


def on_a_disk(script: str, folder: Path, **variables: str) -> str:
    """Run a script whose ``$DISK`` is a disk of 200 KiB and whose ``$MUMER`` runs our command; gives what it prints.

    ``grow`` makes the disk large, ``lock`` makes it read-only; errors are printed, too. Skips the test where nothing
    may be mounted.
    """
    if _why_not():
        pytest.skip(f"no file system can be mounted here: {_why_not()}")
    disk = folder / "disk"
    disk.mkdir()
    lines = [
        'mount -t tmpfs -o size=200k none "$DISK" || exit 1',
        'grow() { mount -o remount,size=64m "$DISK"; }',
        'lock() { mount -o remount,ro "$DISK"; }',
        script,
    ]
    environment = {
        **os.environ,
        **variables,
        "DISK": str(disk),
        "MUMER": f"{sys.executable} -m mumer_data",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "training")]),
    }
    found = subprocess.run(
        [*_OWN, "sh", "-c", "\n".join(lines)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return found.stdout.decode(errors="replace")


def assert_full_is_said(said: str) -> None:
    """That a command on a full disk ended with our one message."""
    assert "exit 2" in said, said
    assert "mumer: cannot write" in said
    assert "No space left on device" in said
    assert "Traceback" not in said

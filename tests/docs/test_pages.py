"""Every command and line of Python in README and docs is run, in a sandbox with small data; synopses are checked."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SHARED
from tests.docs.pages import PAGES, ROOT, Block, blocks_of, commands_of, is_synopsis, looks_like, promised
from tests.docs.sandbox import REAL, environment, lay_models, lay_out, lay_real
from tests.hub.conftest import TOKEN
from tests.hub.server import Hub, running_hub

# Commands that a test of the pages cannot run, and why.
NOT_RUN = {
    r"make (demo|test|bench|stress|fuzz|docs)\b": "targets of the Makefile: CI runs them or what they call",
    r"pip install\b": "sets up the machine: tests/test_package.py installs the wheel",
    r"npm install\b": "fetches fonts; tests/handwriting/glyphs/test_fonts.py traces one that is here",
    r"mumer glyphs build --fonts node_modules": "reads those fonts",
    r"python -m mumer_data.jobs.bundled_bank": "reads them too; tests/jobs/test_bundled_bank.py does it",
    r"mumer reader (\w+)\b(?!.*(out/rl/|reader_tiny))": "takes hours; tests/training/from_scratch is small",
    r"(touch|mumer predict|mumer evaluate) .*out/reader/": "needs what those wrote; the same test does it",
    r"mumer rewards serve\b": "runs until it is stopped; tests/cli/test_rewards.py asks it",
    r"vllm serve\b": "needs a GPU; tests/training/test_openai.py asks a real server",
    r"mumer predict .*--(backend|recognizer) (openai|vllm)": "asks that server; tests/training/test_openai.py does it",
    r"(torchrun|accelerate launch|srun|sbatch)\b": "needs GPUs; tests/training/test_distributed.py runs two processes",
}
RUNNABLE = [page for page in PAGES if any(block.language in ("bash", "console", "python") for block in blocks_of(page))]
NAMES = [str(page.relative_to(ROOT)) for page in RUNNABLE]


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def loopback_hub() -> Iterator[Hub]:
    """A Hub whose user is ``ann``."""
    with running_hub() as found:
        found.store.tokens[TOKEN] = ("ann", True)
        yield found


@pytest.mark.parametrize("page", RUNNABLE, ids=NAMES)
def test_what_a_page_says_runs(
    page: Path, sandbox: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    if "mumer train" in page.read_text(encoding="utf-8"):
        pytest.importorskip("torch", reason="this page trains: pip install '.[train]'")
        lay_models(sandbox)
    if "mumer push" in page.read_text(encoding="utf-8"):
        hub = request.getfixturevalue("loopback_hub")
        for name, value in {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0"}.items():
            monkeypatch.setenv(name, value)
    real = SHARED.is_dir() and page.name == "mining.md"
    if real:
        lay_real(sandbox, SHARED)
    for block in blocks_of(page):
        if block.language == "python" and "HF_ENDPOINT" in os.environ:  # the client asks at import where the Hub is
            subprocess.run([sys.executable, "-c", block.text], cwd=sandbox, env=environment(), check=True)
        elif block.language == "python":
            run_python(block, names)
        elif block.language in ("bash", "console"):
            run_commands(block, sandbox, real=real)


def run_commands(block: Block, sandbox: Path, *, real: bool) -> None:
    for command in commands_of(block):
        if any(re.match(pattern, command.text) for pattern in NOT_RUN):
            continue
        done = subprocess.run(
            ["bash", "-c", command.text], cwd=sandbox, env=environment(), capture_output=True, text=True, timeout=600
        )
        said = done.stdout + done.stderr
        failing = command.output is not None and re.search("^mumer: ", command.output, re.M) is not None
        assert (done.returncode != 0) == failing, f"line {block.line}: {command.text}\n{said}"
        if command.output is not None and (real or REAL not in command.text):
            assert looks_like(command.output, said), f"line {block.line}: {command.text}\n{said}"


def run_python(block: Block, names: dict[str, Any]) -> None:
    exec(compile(block.text, f"line {block.line}", "exec"), names)
    for expression, value in promised(block):
        assert eval(compile(ast.Expression(expression), "page", "eval"), names) == value, ast.unparse(expression)


def synopses() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for block in blocks_of(page):
            if is_synopsis(block):
                for line in re.sub(r"\n\s+", " ", block.text).splitlines():
                    found.append((str(page.relative_to(ROOT)), line))
    return found


@pytest.mark.parametrize(("page", "line"), synopses())
def test_synopses_name_options_that_exist(page: str, line: str) -> None:
    import typer

    from mumer_data.cli import app

    command: Any = typer.main.get_command(app)
    words = line.split()[1:]
    while hasattr(command, "commands") and words:
        command = command.get_command(None, words.pop(0))
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for option in re.findall(r"--[a-z][a-z-]*", line):
        assert option in known, f"{page}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_bash_blocks_are_commands_not_synopses(page: Path) -> None:
    for block in blocks_of(page):
        if block.language == "bash":
            assert not re.search(r"\[--|\.\.\.( |$)", block.text, re.M), f"line {block.line}: use a text block"


def test_no_exception_is_left_over() -> None:
    found = [block for page in PAGES for block in blocks_of(page) if block.language in ("bash", "console")]
    commands = [command.text for block in found for command in commands_of(block)]
    stale = [pattern for pattern in NOT_RUN if not any(re.match(pattern, text) for text in commands)]
    assert not stale

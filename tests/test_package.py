"""The package as a whole: the wheel carries its data, importing is light, the house keeps its arrows and sizes."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "mumer_data").rglob("*.py"))
TRAINER = sorted((ROOT / "training" / "mumer_train").rglob("*.py"))
# A folder may import from those before it, never from those after.
ORDER = [
    "_version",
    "exceptions",
    "deprecation",
    "registry",
    "seeding",
    "records",
    "io",
    "latex",
    "tasks",
    "typeset",
    "images",
    "alignment",
]
ORDER += [
    "metrics",
    "error_model",
    "handwriting",
    "augmentation",
    "generate",
    "readers",
    "filters",
    "recognizers",
    "rewards",
    "voting",
    "shards",
    "label_audit",
    "mining",
]
ORDER += ["hub", "report", "jobs", "api", "cli"]
# The limits written in docs/design.md; signature and docstring of a function do not count.
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40


def imports_of(path: Path) -> list[str]:
    """The modules that a file imports, at the top or inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return names + [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]


@pytest.fixture(scope="module")
def unpacked_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_works_outside_the_checkout(unpacked_wheel: Path, tmp_path: Path) -> None:
    code = (
        "import mumer_data, pathlib; from mumer_data.latex.grammar import grammar_folder, load_grammar;"
        "from mumer_data.jobs.config import find_pipeline; mumer_data.parse(r'\\frac { a } { b }');"
        "p = pathlib.Path(mumer_data.__file__).parent;"
        "assert grammar_folder() == p / 'grammars', grammar_folder();"
        "assert find_pipeline('demo').parent == p / 'pipelines';"
        "assert all((p / 'hub' / name).is_file() for name in ('card.md.jinja', 'sources.toml'));"
        "assert mumer_data.load_pipeline('demo').reader().plan(100, 10**9)"
    )
    environment = {"PYTHONPATH": str(unpacked_wheel), "PATH": ""}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    command = [sys.executable, "-m", "mumer_data", "build", "demo", "--out", "out", "--workers", "1"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, stdout=subprocess.DEVNULL)
    counts = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))["counts"]
    assert counts["read"] == counts["accepted"] > 300


def test_one_version_everywhere() -> None:
    import mumer_data

    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["version"] == mumer_data.__version__
    assert f"\n## [{mumer_data.__version__}] - 20" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_checkout_finds_the_same_files() -> None:
    from mumer_data.jobs.config import pipeline_folder
    from mumer_data.latex.grammar import grammar_folder

    assert grammar_folder() == ROOT / "grammars"
    assert pipeline_folder() == ROOT / "pipelines"


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(ROOT)) for path in MODULES])
def test_arrows_go_one_way(path: Path) -> None:
    here = path.relative_to(ROOT / "mumer_data").parts[0].removesuffix(".py")
    for name in imports_of(path):
        parts = name.split(".")
        assert parts[0] not in {"torch", "transformers", "mumer_train"}
        if parts[0] != "mumer_data" or len(parts) < 2 or parts[1] == here or here in {"__init__", "__main__"}:
            continue
        assert ORDER.index(parts[1]) < ORDER.index(here), f"{path} imports {name}"


@pytest.mark.parametrize("path", MODULES + TRAINER, ids=[str(path.relative_to(ROOT)) for path in MODULES + TRAINER])
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            assert lines <= MAX_FUNCTION_LINES, f"{path}: {node.name} has {lines} lines"

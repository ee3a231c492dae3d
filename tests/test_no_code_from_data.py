"""Data are never code: no call in our sources can run what a file says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*(ROOT / "mumer_data").rglob("*.py"), *(ROOT / "training" / "mumer_train").rglob("*.py")])

# Modules that build objects, or run programs, out of bytes.
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal", "jsonpickle", "code", "runpy"}
# Last part of a call's name -> what is wrong with it.
CALLS = {
    "eval": "evaluates text",
    "exec": "runs text",
    "compile": "compiles text",
    "__import__": "imports by a name that is computed",
    "unsafe_load": "builds any object out of YAML",
    "full_load": "builds objects out of YAML",
    "sympify": "evaluates text",
    "parse_expr": "evaluates text",
    "parse_latex": "reads text by a parser that sympy calls experimental",
    "read_pickle": "unpickles",
    "system": "runs a shell",
    "popen": "runs a shell",
    "ExternalProgram": "runs a program",
}
NOT_BUILTIN = {"re.compile", "ast.literal_eval", "jmespath.compile"}


def faults(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(call, what is wrong with it) of everything in a module that could run what data say."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            for name in names:
                if name.split(".")[0] in MODULES:
                    yield f"import {name}", "builds objects out of bytes"
        elif isinstance(node, ast.Call):
            yield from _faults_of_call(node)


def _faults_of_call(node: ast.Call) -> Iterator[tuple[str, str]]:
    name = ast.unparse(node.func)
    last = name.rpartition(".")[2]
    said = {word.arg: ast.unparse(word.value) for word in node.keywords if word.arg}
    switch = name.endswith(".eval") and not node.args  # torch's, from training to inference
    if last in CALLS and name not in NOT_BUILTIN and not switch:
        yield name, CALLS[last]
    if name in ("yaml.load", "yaml.load_all") and "Safe" not in said.get("Loader", ""):
        yield name, "builds any object out of YAML"
    if name == "joblib.load" or (last == "load" and name.startswith("torch.") and said.get("weights_only") != "True"):
        yield name, "unpickles"
    if said.get("allow_pickle", "False") != "False":
        yield name, "unpickles"
    if said.get("shell", "False") != "False":
        yield name, "runs a shell"
    if not said.get("trust_remote_code", "False").endswith(("False", "trust_remote_code")):  # off, or as it was asked
        yield name, "runs code of a repository unasked"


@pytest.mark.parametrize("path", SOURCES, ids=[str(path.relative_to(ROOT)) for path in SOURCES])
def test_no_source_runs_what_data_say(path: Path) -> None:
    assert not list(faults(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "eval(text)",
        "builtins.exec(text)",
        "yaml.load(file)",
        "yaml.load(file, Loader=yaml.UnsafeLoader)",
        "yaml.unsafe_load(file)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "joblib.load(path)",
        "np.load(path, allow_pickle=True)",
        "subprocess.run(line, shell=True)",
        "os.system(line)",
        "sympy.sympify(label)",
        "parse_expr(label)",
        "AutoModel.from_pretrained(name, trust_remote_code=True)",
        "pd.read_pickle(path)",
    ],
)
def test_the_search_finds(source: str) -> None:
    assert list(faults(ast.parse(source)))


@pytest.mark.parametrize(
    "source", ["yaml.safe_load(f)", "torch.load(p, weights_only=True)", "re.compile(p)", "m.eval()"]
)
def test_the_search_leaves_alone(source: str) -> None:
    assert not list(faults(ast.parse(source)))


def test_remote_code_is_off_unless_named() -> None:
    """Every default of ``trust_remote_code`` in the sources is ``False``."""
    seen = 0
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "trust_remote_code":
                assert node.value is not None
                assert ast.unparse(node.value) == "False"
                seen += 1
            if isinstance(node, ast.FunctionDef):
                arguments = [*node.args.args, *node.args.kwonlyargs]
                defaults = [*[None] * (len(node.args.args) - len(node.args.defaults)), *node.args.defaults]
                for argument, default in zip(arguments, [*defaults, *node.args.kw_defaults], strict=True):
                    if argument.arg == "trust_remote_code":
                        if default is None:  # whoever calls must name it
                            continue
                        assert ast.unparse(default) == "False"
                        seen += 1
    assert seen >= 3

"""The command line as a user meets it: real processes, exit codes, what goes to which stream."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mumer_data import label_text, symbol_count_text
from tests.conftest import caption_folder


def mumer(*arguments: object, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "mumer_data", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, cwd=cwd, check=False)


LINES = [
    b"x ^ { 2 }",
    b"",
    b"\\frac { a",
    b"\xe5\xb7\xb2 \xe7\x9f\xa5 { x }",
    b"bad \xff byte",
    b"\\hat { x } ^ { 2 }\r",
    b"z",
]


@pytest.mark.parametrize("dialect", ["published", "slt", "compact"])
@pytest.mark.parametrize("source", ["file", "stdin"])
def test_parse_answers_every_line_in_order(tmp_path: Path, dialect: str, source: str) -> None:
    text = b"\n".join(LINES)
    (tmp_path / "labels.txt").write_bytes(text)
    given = [tmp_path / "labels.txt"] if source == "file" else []
    done = mumer("parse", *given, "--dialect", dialect, stdin=b"" if given else text)
    assert (done.returncode, done.stderr) == (0, b"")
    found = [json.loads(line) for line in done.stdout.decode().rstrip("\n").split("\n")]
    assert [record["label"] for record in found] == [
        line.removesuffix(b"\r").decode("utf-8", errors="replace") for line in LINES
    ]
    errors = {place: record["error"] for place, record in enumerate(found) if "error" in record}
    assert errors == {
        1: {"message": "the label is empty", "position": 0},
        2: {"message": "'{' never closes: '}' is missing", "position": 1},
        4: {"message": "not UTF-8 at byte 4", "position": None},
    }
    for place in set(range(len(LINES))) - set(errors):
        label = found[place]["label"]
        assert found[place]["tree_cot"] == label_text(label, dialect)  # type: ignore[arg-type]
        assert found[place]["symbol_count"] == symbol_count_text(label)


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        (b"x\n", [], 0),
        (b"{\n", [], 0),
        (b"{\n", ["--strict"], 1),
        (b"\\weird\n", ["--strict"], 1),
        (b"", ["--strict"], 0),
    ],
    ids=["fine", "error", "strict error", "strict unknown command", "nothing"],
)
def test_parse_exit_codes(text: bytes, options: list[str], code: int) -> None:
    assert mumer("parse", *options, stdin=text).returncode == code


UNUSABLE = {
    "missing file": (["parse", "nowhere.txt"], "mumer: cannot read nowhere.txt: No such file"),
    "dialect": (["parse", "--dialect", "x"], "'x' is not a dialect: choose published,"),
    "label": (["tree", "\\frac { a"], "'{' never closes: '}' is missing (token 1)\n    \\frac { a\n          ^"),
    "pipeline": (["build", "nothing", "--out", "o"], "mumer: no pipeline file nothing; ready ones are: crohme"),
    "no build": (["inspect", "."], "mumer: no manifest.json in .: it is not a build"),
    "source": (["build", "demo", "--out", "o", "--set", "source.labels=no.tsv"], "'no.tsv' does not exist"),
    "preset": (["normalize", "--preset", "x"], "unknown preset 'x': known are crohme"),
}


@pytest.mark.parametrize(("arguments", "message"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_input_is_exit_code_2_and_one_message(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = mumer(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_tree_draws_relations() -> None:
    done = mumer("tree", "\\sqrt [ 3 ] { x } ^ { b }")
    assert done.returncode == 0
    lines = [line.strip("│├└─ ") for line in done.stdout.decode().splitlines()]
    assert lines == ["expression", "\\sqrt", "3  below", "x  above", "b  sup"]


def test_tree_prints_the_text_of_a_dialect() -> None:
    done = mumer("tree", "x ^ { 2 } + y", "--dialect", "compact")
    assert done.stdout.decode() == "x\n\t(sup) 2\n+ y\n"
    done = mumer("tree", "x", "--dialect", "compcat")
    assert done.returncode == 2
    assert "'compcat' is not a dialect" in done.stderr.decode()


def test_normalize_keeps_the_lines() -> None:
    done = mumer("normalize", "--explain", stdin=b"x^2\n{x\n\\mbox{F}\\gt1\n")
    assert done.stdout.decode() == "x ^ { 2 }\n\nF > 1\n"
    assert done.stderr.decode().startswith("line 1: braces\nline 2: '{' never closes (token 0)")
    assert "line 3: wrappers, relations" in done.stderr.decode()
    done = mumer("normalize", "--json", "--preset", "none", stdin=b" x^2\n\xff\n")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"raw": " x^2", "label": " x^2"},
        {"raw": "\ufffd", "error": "not UTF-8 at byte 0"},
    ]


def build_arguments(folder: Path, out: Path) -> list[object]:
    return ["build", "crohme", "--out", out, "--set", f"source.path={folder}", "--set", "name=t"]


def test_build_and_inspect(faulty_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = mumer(*build_arguments(faulty_folder, out), "--workers", 2, "--json", "--strict")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert (answer["read"], answer["accepted"], answer["rejected"]) == (19, 10, 9)
    assert answer["configs"] == {"t": 10, "t_tree": 10, "t_can": 10}
    shown = mumer("inspect", out)
    assert shown.returncode == 0
    text = shown.stdout.decode()
    for part in ("19 rows read = 10 accepted + 9 rejected", "latex_syntax 2", "12 x 8 px", "x _ { 0 }", "t_tree"):
        assert part in text
    summary = json.loads(mumer("inspect", out, "--json").stdout)
    assert [config["rows"] for config in summary["configs"]] == [10, 10, 10]
    assert summary["configs"][1]["sample"]["image_size"] == [12, 8]
    assert summary["configs"][1]["sample"]["messages"][1][0] == "gpt"


def test_build_says_what_it_did_and_then_refuses_the_folder(tmp_path: Path) -> None:
    folder, out = caption_folder(tmp_path / "in", 5), tmp_path / "out"
    done = mumer(*build_arguments(folder, out), "--strict")
    assert done.returncode == 0
    assert "5 rows read = 5 accepted + 0 rejected" in done.stdout.decode()
    again = mumer(*build_arguments(folder, out))
    assert again.returncode == 2
    assert "holds a build already" in again.stderr.decode()
    assert mumer(*build_arguments(folder, out), "--resume").returncode == 0


def test_a_source_without_a_usable_row_is_exit_code_2(tmp_path: Path) -> None:
    folder, out = caption_folder(tmp_path / "in", 1), tmp_path / "out"
    (folder / "caption.txt").write_text("e0\tx^2\n")
    done = mumer(*build_arguments(folder, out), "--json")
    assert done.returncode == 2
    assert "no row could be used" in done.stderr.decode()
    assert json.loads(done.stdout)["reasons"] == {"latex_syntax": 1}


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"yes 'x ^ {{ 2 }}' | head -n 50000 | {sys.executable} -m mumer_data parse | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert json.loads(done.stdout)["label"] == "x ^ { 2 }"
    assert done.stderr == b""


def test_help_names_the_verbs_and_loads_little() -> None:
    done = mumer("--help")
    assert all(verb in done.stdout.decode() for verb in ("parse", "normalize", "tree", "build", "inspect"))
    heavy = ("lark", "pyarrow", "datasets", "PIL")
    code = f"import sys, mumer_data.cli; print(*[m for m in {heavy} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert loaded.stdout.strip() == b""


def test_single_rules_are_switched() -> None:
    raw = b"x \\to 0 ^ { }\n"
    assert mumer("normalize", stdin=raw).stdout == b"x \\rightarrow 0\n"
    assert mumer("normalize", "--rule", "arrows=off", stdin=raw).stdout == b"x \\to 0\n"
    wrong = mumer("normalize", "--rule", "arrow=off", stdin=raw)
    assert wrong.returncode == 2
    assert b"did you mean" in wrong.stderr or b"arrow" in wrong.stderr
    assert mumer("normalize", "--rule", "arrows", stdin=raw).returncode == 2

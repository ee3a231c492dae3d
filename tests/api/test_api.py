"""The public functions on data in memory, as a newcomer calls them."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import mumer_data
from mumer_data.exceptions import PipelineError, SourceError
from mumer_data.jobs.build import BuildResult
from mumer_data.readers.predictions import load_predictions
from tests.conftest import png

LABEL = r"\frac { a ^ { 2 } + 1 } { b }"
ROOT = Path(__file__).parents[2]


def test_every_public_name_can_be_had_and_completed() -> None:
    assert set(mumer_data.__all__) <= set(dir(mumer_data))
    for name in mumer_data.__all__:
        assert getattr(mumer_data, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'prase'"):
        getattr(mumer_data, "prase")  # noqa: B009


def test_type_checkers_see_the_names(tmp_path: Path) -> None:
    file = tmp_path / "user.py"
    file.write_text(
        "import mumer_data\n"
        "tree = mumer_data.parse('x')\nreveal_type(tree)\n"
        "reveal_type(mumer_data.cdm('x', 'y').f1)\nmumer_data.evaluate(['x'], ['x']).nope\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--ignore-missing-imports", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert 'Revealed type is "mumer_data.latex.tree.SymbolTree"' in done.stdout, done.stdout + done.stderr
    assert "float" in done.stdout
    assert '"Evaluation" has no attribute "nope"' in done.stdout


@pytest.mark.parametrize("raw", [r"\frac{a}{b}", "x^2"])
def test_the_error_for_raw_latex_points_to_normalize(raw: str) -> None:
    with pytest.raises(mumer_data.LatexSyntaxError, match=r"mumer_data\.normalize"):
        mumer_data.parse(raw)
    assert mumer_data.parse(mumer_data.normalize(raw))


def test_a_tree_shows_itself() -> None:
    tree = mumer_data.parse(LABEL)
    assert tree.pretty().splitlines()[:3] == [r"\frac", "  a  (above)", "    2  (sup)"]
    svg = tree._repr_svg_()
    assert svg.count("<rect") == 6
    assert svg.count(">above</text>") == 1


def test_rules_over_a_preset() -> None:
    assert mumer_data.normalize("x^2") == "x ^ { 2 }"
    assert mumer_data.normalize(r"\left( x \right)", rules={}) == "( x )"
    with pytest.raises(PipelineError, match="preset"):
        mumer_data.normalize("x", preset="chrome")


@pytest.mark.parametrize("name", [*mumer_data.TASKS])
def test_every_task_refuses_a_label_that_does_not_parse(name: str) -> None:
    assert mumer_data.task(name).sample(LABEL).answer.endswith(LABEL)
    with pytest.raises(mumer_data.LatexSyntaxError):
        mumer_data.task(name).sample(r"\frac { a")


def test_a_sample_with_its_image() -> None:
    sample = mumer_data.task("tree_cot", dialect="slt").sample(LABEL, id="a", image=png(3))
    assert sample.prompt.startswith("<image>I have an image")
    assert sample.to_dict()["images"] == [png(3)]
    assert "<img" in sample._repr_html_()
    with pytest.raises(PipelineError, match="did you mean 'dialect'"):
        mumer_data.task("tree_cot", dialekt="slt")
    with pytest.raises(PipelineError, match="did you mean 'tree_cot'"):
        mumer_data.task("tree_kot")


IMAGE = Image.new("L", (12, 8), 7)


def _rows() -> list[dict[str, object]]:
    buffer = io.BytesIO()
    IMAGE.save(buffer, "PNG")
    return [
        {"id": "a", "image": buffer.getvalue(), "label": "x + 1"},
        {"id": "b", "image": IMAGE, "label": "y"},
        {"id": "c", "image": IMAGE, "label": r"\frac { a"},
        {"id": "a", "image": IMAGE, "label": "z"},
        {"id": "d", "image": None, "label": "z"},
    ]


def _as(kind: str, tmp_path: Path) -> object:
    rows = _rows()
    if kind == "dicts":
        return iter(rows)
    if kind == "pandas":
        return pd.DataFrame(rows)
    for row in rows:
        if isinstance(row["image"], Image.Image):
            row["image"] = png(7)
    if kind == "polars":
        return pytest.importorskip("polars").DataFrame(rows)
    from datasets import Dataset, Features, Value
    from datasets import Image as ImageFeature

    features = Features({"id": Value("string"), "image": ImageFeature(), "label": Value("string")})
    return Dataset.from_list(rows, features=features)


@pytest.mark.parametrize("kind", ["dicts", "pandas", "polars", "datasets"])
def test_a_dataset_from_rows_of_any_kind(kind: str, tmp_path: Path) -> None:
    built = mumer_data.build_dataset(_as(kind, tmp_path), tasks=["recognition", {"tree_cot": {"dialect": "slt"}}])
    dataset, rejects = built
    assert list(dataset) == ["recognition", "tree_cot"]
    assert dataset["tree_cot"]["id"][:] == ["a", "b"]
    assert dataset["tree_cot"][0]["images"][0].size == (12, 8)
    assert dataset["tree_cot"][0]["messages"][1]["value"] == "x\n+ (right)\n1 (right)\nx + 1"
    assert dict(zip(rejects["row"], rejects["reason"], strict=True)) == {
        2: "latex_syntax",
        3: "duplicate_id",
        4: "image_missing",
    }
    assert (built.read, built.accepted) == (5, 2)


def test_the_rows_are_those_of_a_build(tmp_path: Path, good_folder: Path) -> None:
    pairs = [line.split("\t") for line in (good_folder / "caption.txt").read_text().splitlines()]
    rows = [{"id": name, "label": label, "image": good_folder / "images" / f"{name}.png"} for name, label in pairs]
    built = mumer_data.build_dataset(rows, filters=[{"length": {"max": 40}}])
    result = mumer_data.build("crohme", str(tmp_path / "out"), settings=[f"source.path={good_folder}", "name=t"])
    assert result.configs == {"t": 60, "t_tree": 60, "t_can": 60}
    on_disk = pd.concat(map(pd.read_parquet, sorted((tmp_path / "out" / "t_tree").glob("*.parquet"))))
    in_memory = built["tree_cot"].to_pandas()
    for column in ("id", "label", "task"):
        assert on_disk[column].tolist() == in_memory[column].tolist()
    assert [m[1]["value"] for m in on_disk["messages"]] == [m[1]["value"] for m in in_memory["messages"]]


def test_the_table_of_a_build_is_escaped() -> None:
    counts = {"read": 1, "accepted": 0, "rejected": 1, "reasons": {"<b>&": 1}}
    shown = BuildResult(Path("<script>"), {"counts": counts, "configs": {}})._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "&lt;b&gt;&amp;" in shown
    assert "<script>" not in shown


def test_wrong_rows_and_options_are_named() -> None:
    with pytest.raises(SourceError, match="pass a DataFrame"):
        mumer_data.build_dataset("x.csv")
    with pytest.raises(PipelineError, match="did you mean 'length'"):
        mumer_data.build_dataset(_rows(), filters=["lenght"])
    with pytest.raises(PipelineError, match="did you mean 'polarity'"):
        mumer_data.build_dataset(_rows(), polarty="keep")


def test_evaluation_is_that_of_the_command_line(shared: Path) -> None:
    rows = load_predictions(shared / "golden" / "predictions" / "crohme_2014_3b_pred.json")
    predictions, references = [row.prediction for row in rows], [row.label for row in rows]
    found = mumer_data.evaluate(predictions=predictions, references=references, by=["length"])
    figure = found["exprate"]
    assert figure.low < figure.value < figure.high
    assert "exprate" in repr(found)
    assert found.to_dict()["n"] == 986
    comparison = mumer_data.compare(predictions, references, references=references)
    assert comparison.difference == pytest.approx(100 - figure.value)


@pytest.mark.parametrize(
    ("predictions", "references", "message"),
    [
        (["x"], ["x", "y"], "1 predictions, 2 references"),
        ([], [], "no predictions"),
        (["x", None], ["x", "y"], r"predictions\[1\] is NoneType"),
    ],
)
def test_lists_that_do_not_match(predictions: list[str], references: list[str], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        mumer_data.evaluate(predictions, references)


def test_cdm_is_drawn() -> None:
    score = mumer_data.cdm("y ^ { 3 }", "y ^ { 2 }")
    assert score.f1 == pytest.approx(0.5)
    assert not score.viseq
    assert Image.open(io.BytesIO(score._repr_png_())).width > 100
    assert mumer_data.cdm("a^2", "a ^ { 2 }", normalize="crohme").f1 == 1


def test_errors_are_mined_in_memory() -> None:
    predictions = ["x + 1", "x + 1", "y", "( " * 300, "z"]
    references = ["x - 1", "x - 1", "y", "y", "<error_start>"]
    mined = mumer_data.mine_errors(predictions, references, images=[IMAGE] * 5, ids=["a", "a", "b", "c", "d"])
    assert mined.counts == {"read": 5, "malformed": 0, "correct": 1, "wrong": 4}
    assert mined.corrections["log"][:] == ["REPLACE:+ -> -"]
    assert mined.corrections[0]["image"].size == (12, 8)
    assert len(mined.rejects) == 3
    assert mined.confusions.iloc[0].tolist()[:2] == ["-", "+"]
    (sample,) = mined.samples("error_fix")
    assert sample.answer == "REPLACE:+ -> -\nx - 1"
    assert sample.images
    correction = mumer_data.correction(prediction="x + 1", reference="x - 1")
    assert mumer_data.apply_log(correction.marked, correction.log) == "x - 1"


def test_handwriting_and_augmentation_are_seeded() -> None:
    written = mumer_data.handwrite(LABEL, seed=5)
    assert np.array_equal(np.asarray(written.image), np.asarray(mumer_data.handwrite(LABEL, seed=5).image))
    assert written.boxes.shape == (len(written.symbols), 4)
    assert written.inkml("e1").count("<trace ") == len(written.strokes)
    slanted = mumer_data.handwrite(LABEL, seed=5, style={"slant": 0.5})
    assert not np.array_equal(np.asarray(written.image), np.asarray(slanted.image))
    with pytest.raises(PipelineError, match="style"):
        mumer_data.handwrite(LABEL, style={"slnt": 1})
    variant = mumer_data.augment(written.image, boxes=written.boxes, seed=1)
    assert variant.data == mumer_data.augment(written.image, boxes=written.boxes, seed=1).data
    assert variant.boxes.shape == written.boxes.shape
    with pytest.raises(PipelineError, match="did you mean 'camera'"):
        mumer_data.augment(written.image, preset="camara")


def test_importing_is_light() -> None:
    code = (
        "import sys, mumer_data; dir(mumer_data);"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'datasets', 'torch', 'lark', 'PIL', 'pydantic'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

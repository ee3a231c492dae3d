"""Cross-fold runs with another trainer, and recognizers that are not trained: their commands, and what they leave."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from mumer_train.crossfold import CrossFold, check_leakage, run_crossfold, stages
from mumer_train.dependencies import TrainingError
from mumer_train.foreign import check_predictions, filled

from tests.filters.test_filters import drawing, encoded, folder_of

# "Learns" the most frequent label, and the ids that it has seen.
TRAINER = """
import sys
from pathlib import Path
import pyarrow.parquet as pq
data, out = map(Path, sys.argv[1:])
tables = [pq.read_table(path, columns=["id", "label"]) for path in sorted(data.glob("*/*.parquet"))]
rows = [row for table in tables for row in table.to_pylist()]
out.mkdir(parents=True, exist_ok=True)
(out / "label.txt").write_text(max(row["label"] for row in rows))
(out / "ids.txt").write_text("\\n".join(row["id"] for row in rows))
"""
READER = """
import json, sys
from pathlib import Path
model = Path(sys.argv[1])
label, ids = (model / "label.txt").read_text(), (model / "ids.txt").read_text().splitlines()
for line in sys.stdin:
    asked = json.loads(line)
    assert asked["id"] not in ids
    print(json.dumps({"id": asked["id"], "text": label}), flush=True)
"""


@pytest.fixture
def options(tmp_path: Path) -> CrossFold:
    folder = tmp_path / "my programs"
    folder.mkdir()
    (folder / "trainer.py").write_text(TRAINER, encoding="utf-8")
    (folder / "reader.py").write_text(READER, encoding="utf-8")
    data = folder_of(tmp_path / "data", [(f"e{n}", f"x + {n % 10}", encoded(drawing(n))) for n in range(16)])
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(f"name: p\nsource: {{format: caption, path: {data}}}\ntasks: [recognition]\n", "utf-8")
    return CrossFold(
        str(pipeline),
        2,
        None,
        tmp_path / "out put",
        train_command=f"'{sys.executable}' '{folder}/trainer.py' {{data}} {{out}}",
        predict_command=f"mumer predict --recognizer command --model \"'{sys.executable}' '{folder}/reader.py' "
        '{model}" --data {data} --out {out}',
    )


def test_another_trainer(options: CrossFold, capsys: pytest.CaptureFixture[str]) -> None:
    mined = run_crossfold(options)
    read = [pd.read_parquet(options.out / f"fold-{fold}" / "predictions.parquet") for fold in range(2)]
    trained = [(options.out / f"fold-{fold}" / "model" / "ids.txt").read_text().split() for fold in range(2)]
    assert [set(frame["img_id"]) & set(ids) for frame, ids in zip(read, trained, strict=True)] == [set(), set()]
    assert sum(len(frame) for frame in read) == 16
    assert json.loads((mined / "mining.json").read_text())["read"] == 16
    assert capsys.readouterr().out.count("trainer.py") == 2
    run_crossfold(options)
    assert capsys.readouterr().out == ""
    marker = options.out / "fold-1" / "model.done"
    marker.write_text("another fingerprint\n")
    with pytest.raises(TrainingError, match="fold 1: the model was trained on another build"):
        check_leakage(options)
    marker.write_text("")  # by `touch`, where the commands were run by hand
    check_leakage(options)
    predictions = options.out / "fold-1" / "predictions.parquet"
    predictions.write_bytes((options.out / "fold-0" / "predictions.parquet").read_bytes())
    with pytest.raises(TrainingError, match=r"has no prediction for \d+ of \d+ images"):
        check_leakage(options)


def test_a_frozen_recognizer_reads_everything_once(options: CrossFold, capsys: pytest.CaptureFixture[str]) -> None:
    model = options.out.parent / "model"
    model.mkdir()
    (model / "label.txt").write_text("x + 1")
    (model / "ids.txt").write_text("")
    command = options.predict_command.replace("{model}", str(model))
    frozen = replace(options, train_command="", predict_command=command, frozen=True)
    assert [stage.done.name for stage in stages(frozen)] == ["manifest.json", "predictions.parquet", "mining.json"]
    mined = run_crossfold(frozen)
    assert "so there are no folds" in capsys.readouterr().out
    assert json.loads((mined / "mining.json").read_text())["read"] == 16
    assert set(pd.read_parquet(frozen.out / "predictions.parquet")["pred"]) == {"x + 1"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_command": ""}, "that is not trained, set --frozen"),
        ({"config": Path("c.yaml")}, "choose one"),
        ({"frozen": True}, "nothing is trained"),
        ({"frozen": True, "train_command": ""}, r"unknown placeholder \{model\}: known are \{data\}, \{out\}"),
        ({"frozen": True, "train_command": "", "predict_command": ""}, "needs --predict-command"),
        ({"predict_command": ""}, "--train-command needs --predict-command"),
        ({"train_command": "train {data}"}, r"'train {data}' lacks {out}"),
        ({"train_command": "train {data} {out} '"}, "cannot be split: No closing quotation"),
        ({"train_command": "no-such-trainer {data} {out}"}, "no-such-trainer cannot be started"),
        ({"train_command": "false {data} {out}"}, "failed with exit code 1; fix it"),
    ],
)
def test_commands_that_cannot_be_run(options: CrossFold, changes: dict[str, object], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        run_crossfold(replace(options, **changes))  # type: ignore[arg-type]


def test_words_of_a_command() -> None:
    values = {"model": "/a b/m", "out": "o"}
    assert filled("run 'read {model}' {model} {out}/x", values) == ["run", "read '/a b/m'", "/a b/m", "o/x"]


def test_predictions_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    path.write_text("img_id,pred\n")
    with pytest.raises(TrainingError, match="is not a Parquet file"):
        check_predictions(path, {"a"})
    pd.DataFrame({"img_id": ["a"], "pred": ["x"]}).to_parquet(path)
    with pytest.raises(TrainingError, match="has no column 'gt'"):
        check_predictions(path, {"a"})

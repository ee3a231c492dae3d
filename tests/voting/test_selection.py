"""Selection of images to label: disagreement, coverage of confusions, diversity; on real predictions."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mumer_data.jobs.select import select_files
from mumer_data.readers.predictions import load_predictions
from mumer_data.voting.selection import MAX_CONFUSIONS, doubtful_of, select
from tests.cli.test_cli import mumer


def test_doubt_and_confusions() -> None:
    assert doubtful_of(0, ["x", "x"]) is None
    doubtful = doubtful_of(3, ["x + 1", "x + l", "x + 1", "x +"])
    assert doubtful is not None
    assert (doubtful.index, doubtful.label, doubtful.doubt) == (3, "x + 1", 0.5)
    assert set(doubtful.confusions) == {("1", "l"), ("", "1")}
    runaway = doubtful_of(0, ["x", " ".join(f"\\a{n}" for n in range(50))])
    assert runaway is not None
    assert len(runaway.confusions) == MAX_CONFUSIONS


def test_new_confusions_and_other_labels_come_first() -> None:
    pool = [["x + 1", "x + l"]] * 3 + [["y + 1", "y + l"], ["u", "v"]]
    candidates = [one for index, labels in enumerate(pool) if (one := doubtful_of(index, labels))]
    order = [one.index for one in select(candidates, 5)]
    assert order[0] == 0  # the confusion that is most frequent
    assert set(order[:3]) == {0, 3, 4}  # then other labels and confusions, before the same label again
    assert select(candidates, 2) == select(candidates, 5)[:2]


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", "a b", "b a"]), min_size=2, max_size=3), max_size=12))
def test_each_image_is_selected_once(pool: list[list[str]]) -> None:
    candidates = [one for index, labels in enumerate(pool) if (one := doubtful_of(index, labels))]
    indices = [one.index for one in select(candidates, 99)]
    assert sorted(indices) == [one.index for one in candidates]


def test_the_verb(tmp_path: Path) -> None:
    for name, texts in (("one", ["x", "y"]), ("two", ["x", "v"])):
        rows = [{"img_id": str(number), "pred": text} for number, text in enumerate(texts)]
        (tmp_path / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
    files = (tmp_path / "one.json", tmp_path / "two.json")
    done = mumer("select", *files, "--budget", 5, "--out", tmp_path / "selected.jsonl")
    assert "1 of 2 images (1 with disagreement), 1 of 1 confusions" in done.stdout.decode()
    row = json.loads((tmp_path / "selected.jsonl").read_text(encoding="utf-8"))
    assert (row["img_id"], row["readings"], row["doubt"]) == ("1", ["y", "v"], 0.5)


def test_selected_images_are_more_often_wrong_and_cover_more(shared: Path, tmp_path: Path) -> None:
    files = [shared / f"golden/predictions/crohme_2014_{model}_pred.json" for model in ("3b", "7b")]
    result = select_files(files, 50, tmp_path / "selected.jsonl")
    rows = load_predictions(tmp_path / "selected.jsonl")
    wrong = sum(row.prediction != row.label for row in rows) / len(rows)
    everything = load_predictions(files[0])
    assert wrong > 2 * sum(row.prediction != row.label for row in everything) / len(everything)
    assert result["covered"] > result["confusions"] * 50 / result["disagreements"]

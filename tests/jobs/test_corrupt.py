"""Synthetic errors as shards: every row leads back to its label, the same bytes whatever the workers."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mumer_data.alignment.corrections import apply_log
from mumer_data.exceptions import SourceError
from mumer_data.jobs.config import Pipeline
from mumer_data.jobs.corrupt import corrupt, fit_channel, load_channel
from tests.mining import prediction_rows, write_rows
from tests.shards.folders import bytes_of


def source(folder: Path) -> Pipeline:
    return Pipeline.model_validate(
        {"name": "s", "source": {"format": "caption", "path": str(folder)}, "shards": {"max_rows": 7}}
    )


def test_rows_lead_back_and_say_what_they_are(tmp_path: Path, faulty_folder: Path) -> None:
    channel = fit_channel([write_rows(tmp_path / "p.json", prediction_rows(60))])
    one = corrupt(source(faulty_folder), channel, tmp_path / "one", "s", samples=3, workers=1)
    corrupt(source(faulty_folder), channel, tmp_path / "two", "s", samples=3, workers=2)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    counts = one["counts"]
    assert counts["read"] == counts["accepted"] + counts["rejected"] == 57
    assert counts["accepted"] == 30 - counts["reasons"].get("not_corrupted", 0)
    finds, fixes = (
        [row for file in sorted((tmp_path / "one" / name).glob("*")) for row in pq.read_table(file).to_pylist()]
        for name in ("s_error_find", "s_error_fix")
    )
    assert len({row["id"] for row in fixes}) == len(fixes) == counts["accepted"]
    made = set()
    for find, fix in zip(finds, fixes, strict=True):
        log, _, label = fix["messages"][1]["value"].rpartition("\n")
        assert log
        assert apply_log(find["messages"][1]["value"], log) == label
        metadata = json.loads(fix["metadata"])
        assert metadata["origin"] == "synthetic"
        made.add((metadata["id"], find["messages"][1]["value"]))
        assert fix["images"][0]["bytes"] == (faulty_folder / "images" / f"{metadata['id']}.png").read_bytes()
    assert len(made) == len(finds)  # each pass makes another prediction of the same label
    assert load_channel(tmp_path / "one/channel.json") == channel


def test_unusable_input(tmp_path: Path) -> None:
    right = write_rows(tmp_path / "p.json", [{"img_id": "a", "gt": "x", "pred": "x"}])
    with pytest.raises(SourceError, match="is wrong: there are no errors to learn from"):
        fit_channel([right])
    with pytest.raises(SourceError, match="is not an error model"):
        load_channel(right)
    with pytest.raises(SourceError, match="cannot be read"):
        load_channel(tmp_path / "none.json")

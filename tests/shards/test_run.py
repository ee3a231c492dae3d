"""A run that does not add up fails; nothing of it looks finished."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mumer_data.exceptions import OutputError
from mumer_data.records import Reject, Sample, Slice
from mumer_data.shards.manifest import MANIFEST, read_manifest
from mumer_data.shards.plan import Config, Plan, SliceResult, save_result
from mumer_data.shards.run import Run
from mumer_data.shards.schema import Columns, ShardRow
from mumer_data.shards.work import WORK
from mumer_data.shards.writer import ShardWriter
from tests.shards.folders import bytes_of

FACTS = {"name": "t", "versions": {"mumer_data": "0"}, "inputs": {"files": []}}
PLAN = Plan(FACTS, [Config("t", "recognition")], [Slice(0, 0, 2, 0, 10), Slice(1, 2, 1, 9, 10)], "train", Columns())


def do_slice(out: Path, part: Slice) -> SliceResult:
    """Write one slice of one config: all rows but the last of the first slice are accepted."""
    accepted = part.rows - (part.number == 0)
    with ShardWriter(out / "t" / PLAN.shard_name(part.number), Columns()) as writer:
        for row in range(accepted):
            writer.write(ShardRow(Sample(f"e{row}", "Read it.", "x"), "a.png", b"png"))
    assert writer.info is not None
    rejects = [Reject("bad", part.start + row, "image_missing", "gone") for row in range(accepted, part.rows)]
    reasons = {"image_missing": len(rejects)} if rejects else {}
    result = SliceResult(part.number, part.rows, accepted, len(rejects), reasons, 3, "0" * 64, [writer.info])
    save_result(out, PLAN, result, rejects)
    return result


def test_a_whole_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with Run(out, PLAN, resume=False) as run:
        assert [part.number for part in run.pending] == [0, 1]
        for part in run.pending:
            run.results[part.number] = do_slice(out, part)
        manifest = run.close()
    assert manifest["counts"] == {"read": 3, "accepted": 2, "rejected": 1, "reasons": {"image_missing": 1}}
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md",
        "dataset_info.json",
        "manifest.json",
        "rejects.parquet",
        "t",
    ]
    assert read_manifest(out) == manifest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"read": 3}, "2 rows planned"),
        ({"accepted": 2}, "nothing may be lost"),
        ({"accepted": 0, "rejected": 2}, "shards hold"),
    ],
    ids=["one read too many", "one counted twice", "one written too many"],
)
def test_counts_that_do_not_add_up_fail(tmp_path: Path, change: dict[str, int], message: str) -> None:
    out = tmp_path / "out"
    with Run(out, PLAN, resume=False) as run:
        for part in run.pending:
            run.results[part.number] = do_slice(out, part)
        run.results[0] = replace(run.results[0], **change)  # type: ignore[arg-type]
        with pytest.raises(OutputError, match=message):
            run.close()
    assert not (out / MANIFEST).exists()


def test_a_resumed_run_does_again_what_has_been_damaged(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with Run(out, PLAN, resume=False) as run:
        for part in run.pending:
            do_slice(out, part)
    (out / "t" / PLAN.shard_name(1)).write_bytes(b"short")
    (out / "t" / ".train-00001-of-00002.parquet.1.tmp").write_bytes(b"left over")
    with Run(out, PLAN, resume=True) as run:
        assert [part.number for part in run.pending] == [1]
    assert sorted(path.name for path in (out / "t").iterdir()) == [PLAN.shard_name(0), PLAN.shard_name(1)]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (None, "", "it is not a build"),
        ("_work/x", "", "unfinished: go on with --resume"),
        (MANIFEST, "{", "not readable"),
    ],
)
def test_folders_without_a_manifest(tmp_path: Path, name: str | None, text: str, message: str) -> None:
    if name:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(OutputError, match=message):
        read_manifest(tmp_path)


@pytest.mark.parametrize("left", ["slice-00000.json", "rejects-00001.parquet", "lock", ""])
def test_a_kill_while_the_work_is_cleared_away_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    out = tmp_path / "out"

    def clear_in_part(folder: Path) -> None:
        for path in folder.iterdir():
            if path.name not in (left, "plan.json"):
                path.unlink()

    with monkeypatch.context() as patch, Run(out, PLAN, resume=False) as run:
        patch.setattr("mumer_data.shards.work.remove_folder", clear_in_part)
        for part in run.pending:
            run.results[part.number] = do_slice(out, part)
        manifest = run.close()
    whole = bytes_of(out)
    with Run(out, PLAN, resume=True) as again:
        assert again.finished
        assert again.pending == []
        assert again.close() == manifest
    assert not (out / WORK).exists()
    assert bytes_of(out).items() <= whole.items()
    with pytest.raises(OutputError, match="holds a build already"), Run(out, PLAN, resume=False):
        pass

"""Figures on the pages are those of the files of results."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean

from tests.docs.pages import ROOT


def test_the_small_readers() -> None:
    page = (ROOT / "docs" / "train_small.md").read_text(encoding="utf-8")
    results = json.loads((ROOT / "docs" / "data" / "reader_results.json").read_text(encoding="utf-8"))
    assert len(results) == 2
    for run in results.values():
        first, second = run["crohme_2013"], run["crohme_2014"]
        low, high = second["exprate_interval"]
        rate = f"{second['exprate']:.1f} ({low:.1f} to {high:.1f})"
        row = f"| {run['title']} | {run['images_seen']:,} | {first['exprate']:.1f} | {rate} |"
        assert f"{row} {second['le1']:.1f} | {second['le2']:.1f} | {second['cdm_f1']:.3f} |" in page
    mini = json.loads((ROOT / "mumer_data" / "recognizers" / "mini" / "results.json").read_text(encoding="utf-8"))
    assert mini["CROHME 2014"]["exprate"] == results["mini"]["crohme_2014"]["exprate"]


def test_the_sizes_of_the_tree_dialects() -> None:
    page = (ROOT / "docs" / "trees.md").read_text(encoding="utf-8")
    sizes = json.loads((ROOT / "docs" / "data" / "tree_dialects.json").read_text(encoding="utf-8"))
    titles = ("tokens separated by white space", "tokens, line breaks and tabs counted too", "characters")
    for title, kind in zip(titles, ("tokens", "tokens_with_breaks_and_tabs", "characters"), strict=True):
        figures = " | ".join(f"{sizes[kind][dialect]:.2f}" for dialect in ("published", "slt", "compact"))
        assert f"| {title} | {figures} |" in page


def test_the_runs_by_rewards_and_by_preferences() -> None:
    page = (ROOT / "docs" / "reinforcement.md").read_text(encoding="utf-8")

    def ends(log: Path, name: str) -> str:
        entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        assert [entry["step"] for entry in entries] == list(range(1, 41))
        first, last = (fmean(entry[name] for entry in part) for part in (entries[:5], entries[-5:]))
        return f"{first:.2f} to {last:.2f}"

    for seed in range(3):
        log = ROOT / "docs" / "data" / "grpo" / f"seed_{seed}" / "log.jsonl"
        figures = " | ".join(ends(log, name) for name in ("reward", "reward/exact", "reward/edit_similarity"))
        assert f"| {seed} | {figures} |" in page
    text = " ".join(page.split())
    preferences = ROOT / "docs" / "data" / "dpo_log.jsonl"
    assert f"rises from {ends(preferences, 'accuracy')}," in text
    assert f"log probability of the label from {ends(preferences, 'chosen')}." in text

"""Figures on the pages are those of the files of results."""

from __future__ import annotations

import csv
import json
import re
import sys
import tomllib
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest

from mumer_data.handwriting.glyphs.builtin import builtin_glyphs
from mumer_data.metrics.bootstrap import interval, resampled_sums
from mumer_data.readers.corrections import read_corrections
from tests.conftest import SHARED
from tests.docs.pages import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
from score_pairs import PAIRS, table, verdicts


def test_the_small_readers() -> None:
    page = (ROOT / "docs" / "train_small.md").read_text(encoding="utf-8")
    results = json.loads((ROOT / "docs" / "data" / "reader_results.json").read_text(encoding="utf-8"))
    assert {"mini", "crohme"} <= set(results)
    for run in results.values():
        first, second = run["crohme_2013"], run["crohme_2014"]
        low, high = second["exprate_interval"]
        rate = f"{second['exprate']:.1f} ({low:.1f} to {high:.1f})"
        row = f"| {run['title']} | {run['images_seen']:,} | {first['exprate']:.1f} | {rate} |"
        assert f"{row} {second['le1']:.1f} | {second['le2']:.1f} | {second['cdm_f1']:.3f} |" in page
    last = results["crohme_from_mini_third_stage"]
    searched, (low, high) = last["beams"]["crohme_2014"], last["beams"]["crohme_2014"]["exprate_interval"]
    text = " ".join(page.split())
    assert f"on held-out labels it reaches {last['held_out']['exprate']:.1f}%" in text
    assert f"With `{last['beams']['setting']}`" in text
    assert f"CROHME 2013: {last['beams']['crohme_2013']:.1f}%)" in text
    rate = f"{searched['exprate']:.1f}% ({low:.1f} to {high:.1f})"
    assert f"it reads {rate} of CROHME 2014, CDM F1 {searched['cdm_f1']:.3f}." in text
    mini = json.loads((ROOT / "mumer_data" / "recognizers" / "mini" / "results.json").read_text(encoding="utf-8"))
    assert mini["CROHME 2014"]["exprate"] == results["mini"]["crohme_2014"]["exprate"]


def test_the_drawn_shapes_that_the_reader_misses() -> None:
    page = " ".join((ROOT / "docs" / "synthetic.md").read_text(encoding="utf-8").split())
    results = json.loads((ROOT / "docs" / "data" / "shape_check.json").read_text(encoding="utf-8"))
    misread = results["misread"]
    assert f"misses {sum(map(len, misread.values()))} of {results['shapes']} shapes" in page
    assert ", ".join(f"`{token}` {len(read)}" for token, read in misread.items()) + "." in page
    glyphs = builtin_glyphs()
    assert f"{len(glyphs)} common symbols in {sum(map(len, glyphs.values()))} shapes" in page


def test_the_distance_of_handwriting_to_real_ink() -> None:
    page = " ".join((ROOT / "docs" / "synthetic.md").read_text(encoding="utf-8").split())
    benchmark = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    (right,) = re.findall(r"\| nearest is right, drawn hands \| ([\d.]+) .*?; (other writers.*?) \|", benchmark)
    (far,) = re.findall(r"\| far from all, drawn hands \| ([\d.]+) ", benchmark)
    assert (
        f"the right symbol for {100 * float(right[0]):.1f}% of the real glyphs, and {100 * float(far):.1f}% of" in page
    )
    assert "the figures are {} and {}.".format(*re.findall(r"[\d.]+%", right[1])) in page
    (fonts,) = re.findall(r"\| nearest is right, half fonts \| ([\d.]+) ", benchmark)
    (far,) = re.findall(r"\| far from all, half fonts \| ([\d.]+) ", benchmark)
    assert f"in the bundled fonts, the figures are {100 * float(fonts):.1f}% and {100 * float(far):.1f}%" in page


def test_the_reader_of_synthetic_handwriting() -> None:
    page = " ".join((ROOT / "docs" / "synthetic.md").read_text(encoding="utf-8").split())
    results = json.loads((ROOT / "docs" / "data" / "reader_synthetic.json").read_text(encoding="utf-8"))
    budget, names = results["budget"], ("crohme_2013", "crohme_2014")
    assert f"on {budget['images']:,} synthetic images only ({budget['images_seen']:,} images seen)" in page
    for title in ("0.1", "now"):
        for seed, run in results[title].items():
            cells = [f"{run[name]['exprate']:.1f} | {run[name]['token_error_rate']:.3f}" for name in names]
            assert f"| {title} | {seed} | {' | '.join(cells)} |" in page
    for name in names:
        old, new = (
            np.mean([np.array(run[name]["edits"]) == 0 for run in results[key].values()], axis=0)
            for key in ("0.1", "now")
        )
        change = 100 * (new - old)
        low, high = interval(resampled_sums(change[:, None])[:, 0] / len(change))
        text = f"{change.mean():+.1f} points ({low:+.1f} to {high:+.1f})"
        assert f"{text} on {name.replace('crohme_', 'CROHME ')}" in page


def test_the_settings_of_decoding() -> None:
    page = (ROOT / "docs" / "recognizers.md").read_text(encoding="utf-8")
    results = json.loads((ROOT / "docs" / "data" / "decoding.json").read_text(encoding="utf-8"))
    assert f"`{results['model']}` on the {results['n']} images of {results['data']}" in page
    rows: list[str] = []
    for name, one in results["settings"].items():
        rate = "{:.1f} ({:.1f} to {:.1f})".format(one["exprate"], *one["interval"])
        change = "{:+.1f} ({:+.1f} to {:+.1f})".format(one["difference"], *one["difference_interval"])
        rows.append(f"| {name} | {rate} | {change if rows else ''} | {one['milliseconds']:.0f} |")
    assert len(rows) == 5
    assert "\n".join(rows) in page
    readers = json.loads((ROOT / "docs" / "data" / "reader_results.json").read_text(encoding="utf-8"))
    greedy, test = readers["mini"]["crohme_2014"], results["crohme_2014"]
    low, high = test["exprate_interval"]
    rate = f"ExpRate {test['exprate']:.1f} ({low:.1f} to {high:.1f}) after {greedy['exprate']:.1f}"
    f1 = f"CDM F1 {test['cdm_f1']:.3f} after {greedy['cdm_f1']:.3f}"
    assert f"with `{test['setting']}`: {rate}, {f1}." in " ".join(page.split())


def _row(name: str, figures: dict[str, list[float]]) -> str:
    """One line of a table: each figure with its interval."""
    cells = ["{:.2f} [{:.2f}, {:.2f}]".format(*figures[key]) for key in ("pearson", "spearman", "auc")]
    return " | ".join([f"| {name}", *cells]) + " |"


def test_the_rating_on_pairs_that_people_rated() -> None:
    page = (ROOT / "docs" / "scores.md").read_text(encoding="utf-8")
    results = json.loads((ROOT / "docs" / "data" / "rating.json").read_text(encoding="utf-8"))
    rows = [_row("`rating`", results["cross_validated"][0])]
    rows += [_row(name, figures) for name, figures in results["other_scores"].items()]
    assert len(rows) == 9
    assert "\n".join(rows) in page
    parts = [_row(name, figures) for name, figures in results["parts_alone"].items()]
    assert len(parts) == 7
    assert "\n".join(parts) in page
    time = results["milliseconds"]
    assert f"takes {time['mean']:.1f} ms of processor time on average, {time['largest']:.0f} ms at most" in page
    assert f"fitted to {results['pairs']} pairs" in page
    assert results["not_typeset"] == 0


def test_the_weights_are_those_of_the_results() -> None:
    results = json.loads((ROOT / "docs" / "data" / "rating.json").read_text(encoding="utf-8"))
    text = (ROOT / "mumer_data" / "metrics" / "rating" / "weights.toml").read_text(encoding="utf-8")
    weights = tomllib.loads(text)
    assert {key: weights["fit"][key] for key in ("pairs", "sha256", "seed")} == {
        key: results[key] for key in ("pairs", "sha256", "seed")
    }
    page = (ROOT / "docs" / "scores.md").read_text(encoding="utf-8")
    assert f"rating = {weights['top']:.2f} exp(" in page
    assert f"(n / {weights['length']:.0f})^{weights['exponent']}" in page


def test_the_hand_judged_pairs() -> None:
    with PAIRS.open(encoding="utf-8", newline="") as lines:
        read = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = [(row["verdict"] == "same", row["one"], row["two"], verdicts(row["one"], row["two"])) for row in read]
    assert table(rows) in (ROOT / "docs" / "scores.md").read_text(encoding="utf-8")


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


def test_the_published_models_on_published_and_corrected_labels() -> None:
    folder = SHARED / "golden" / "predictions"
    if not folder.is_dir():
        pytest.skip("the published predictions are not beside the checkout")
    decisions = read_corrections(ROOT / "docs" / "data" / "crohme_2014_corrections.tsv")
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    for model in ("3b", "7b"):
        rows = json.loads((folder / f"crohme_2014_{model}_pred.json").read_text(encoding="utf-8"))
        published = [row["pred"].split() == row["gt"].split() for row in rows]
        decided = [
            row["pred"].split() == (decisions[row["img_id"]].new if row["img_id"] in decisions else row["gt"]).split()
            for row in rows
            if row["img_id"] not in decisions or decisions[row["img_id"]].verdict != "drop"
        ]
        assert f"| published labels ({len(published)} rows) | decided labels ({len(decided)} rows) |" in page
        assert f"| {model.upper()} | {100 * fmean(published):.1f}% | {100 * fmean(decided):.1f}% |" in page


def test_the_audit_of_planted_and_real_mistakes() -> None:
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    results = json.loads((ROOT / "docs" / "data" / "audit_planted.json").read_text(encoding="utf-8"))
    titles = {"slip": "misreadings drawn from the error model", "swap": "labels of other rows"}
    titles |= {"slip or swap": "half and half", "lookalike": "one look-alike symbol"}
    for labels in ("published", "decided"):
        assert f"({results[labels]['rows']} rows):\n\n| mistakes |" in page
        lines = []
        for kind, title in titles.items():
            found, rows = (results[labels]["kinds"][kind][key] for key in ("found", "rows_for_70"))
            names = ("audit, mini", "audit", "naive", "consensus entropy")
            lines.append(f"| {title} | " + " | ".join(f"{found[one]:.0f}% ({rows[one]:.0f})" for one in names) + " |")
        assert "\n".join(lines) in page
    real = results["crohme_train"]
    assert "\n".join(f"| {signals} | {count} |" for signals, count in real["first_100"].items()) in page
    assert f"(ExpRate {real['reader_exprate']}%" in page
    right = real["judged"] - real["wrong"] - real["unsure"]
    text = " ".join(page.split())
    assert f"{real['wrong']} labels are wrong, {real['unsure']} cannot be decided, {right} are right" in text

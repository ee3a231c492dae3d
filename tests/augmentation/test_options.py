"""The key ``augment`` of pipeline files: what may stand there, and what is said of what may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mumer_data.augmentation import STEPS, Step, step_class
from mumer_data.augmentation.options import Augmentation, presets
from mumer_data.exceptions import PipelineError
from mumer_data.jobs.config import load_pipeline

ROOT = Path(__file__).parents[2]

WRONG = {
    "preset": ("augment: camra", "augment.preset: unknown preset 'camra': did you mean 'camera'"),
    "key": ("augment: {preset: scan, copys: 2}", "unknown key 'augment.copys': did you mean 'copies'"),
    "step": ("augment: [afine]", "augment: unknown step 'afine': did you mean 'affine'"),
    "step's key": ("augment: [{affine: {rotat: 3}}]", "step 'affine': unknown key 'rotat': did you mean 'rotate'"),
    "order": ("augment: [{affine: {rotate: [3, -3]}}]", r"step 'affine': rotate: expected -45 <= least <= most <= 45"),
    "bounds": ("augment: [{jpeg: {quality: 5}}]", r"quality: expected 30 <= least <= most <= 100, found \[5, 5\]"),
    "three": (
        "augment: [{jpeg: {quality: [40, 50, 60]}}]",
        r"expected a number or \[least, most\], found \[40, 50, 60\]",
    ),
    "text": ("augment: [{jpeg: {quality: high}}]", "expected a number or .*found 'high'"),
    "truth": ("augment: [{jpeg: {quality: true}}]", "expected a number or .*found True"),
    "share": ("augment: [{jpeg: {p: 2}}]", "step 'jpeg': p: Input should be less than or equal to 1, found '2'"),
    "colour": ("augment: [{ink: {colours: [blu]}}]", "step 'ink': colours.0: Input should be 'black'.*found 'blu'"),
    "two in one": ("augment: [{affine: {}, jpeg: {}}]", "a step is a name or one 'name: options'"),
    "nothing": ("augment: {}", r"no step: name a preset \(online, scan, camera\) or steps \(stroke"),
    "number": ("augment: 3", "augment: Input should be a valid dictionary"),
    "copies": ("augment: {preset: scan, copies: 0}", "augment.copies: .*greater than or equal to 1"),
    "path": ("augment: scan\nimages: path", "images: path keeps the original files.*use embed"),
    "polarity": (
        "augment: scan\npolarity: light_on_dark",
        "light_on_dark cannot be combined with augmentation steps",
    ),
}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "p.yaml"
    path.write_text(f"name: t\nsource: {{format: typeset}}\n{text}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        load_pipeline(written(tmp_path, text))


def chosen(value: Any) -> list[tuple[str, Step]]:
    return Augmentation.model_validate(value).resolved()


def test_presets_load_and_name_their_steps() -> None:
    assert list(presets()) == ["online", "scan", "camera"]
    assert set(dict(chosen("camera"))) == set(STEPS)
    assert {"paper", "light", "noise"}.isdisjoint(dict(chosen("online")))


def test_steps_beside_a_preset_change_or_join_it() -> None:
    steps = chosen({"preset": "online", "steps": [{"affine": {"rotate": 1}}, "jpeg"]})
    plain = dict(chosen("online"))
    changed = dict(steps)
    assert [name for name, _ in steps] == [*plain, "jpeg"]
    assert changed["affine"].model_dump() == plain["affine"].model_dump() | {"rotate": (1, 1)}
    assert changed["elastic"] == plain["elastic"]


def test_a_number_is_a_range_and_options_may_be_left_out(tmp_path: Path) -> None:
    pipeline = load_pipeline(written(tmp_path, "augment: [{jpeg: {quality: 60}}, noise, {noise: }]"))
    assert pipeline.augment is not None
    (_, jpeg), (_, noise), (_, again) = pipeline.augment.resolved()
    assert jpeg.model_dump()["quality"] == (60, 60)
    assert noise == again == step_class("noise")()


def test_settings_reach_inside(tmp_path: Path) -> None:
    path = written(tmp_path, "augment: {preset: scan}")
    assert load_pipeline(path, ["augment.copies=3"]).augment == Augmentation(preset="scan", copies=3)
    assert load_pipeline(path, ["augment=null"]).augment is None


@pytest.mark.parametrize("name", STEPS)
def test_every_step_and_key_is_in_the_docs(name: str) -> None:
    text = (ROOT / "docs" / "augmentation.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
    for key in step_class(name).model_fields:
        assert key == "p" or f"`{key}`" in line

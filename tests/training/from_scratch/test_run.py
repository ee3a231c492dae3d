"""Training from scratch: it learns, resumes exactly, stops cleanly, decays on demand; data are split by label."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")

from mumer_train.dependencies import TrainingError  # noqa: E402
from mumer_train.from_scratch.batches import BatchPlan, Collator, Item  # noqa: E402
from mumer_train.from_scratch.configuration import FormulaReaderConfig  # noqa: E402
from mumer_train.from_scratch.image_augmentation import Augmentation  # noqa: E402
from mumer_train.from_scratch.image_store import ImageStore, StoredImage, write_store  # noqa: E402
from mumer_train.from_scratch.losses import LossWeights, losses  # noqa: E402
from mumer_train.from_scratch.modeling import FormulaReader  # noqa: E402
from mumer_train.from_scratch.prepare import held_out, prepare_real  # noqa: E402
from mumer_train.from_scratch.run import BEFORE_DECAY, CHECKPOINT, DECAY, LOG, ReaderRun  # noqa: E402
from mumer_train.from_scratch.settings import ScheduleSettings, load_settings  # noqa: E402
from mumer_train.from_scratch.supervision import cell_classes  # noqa: E402
from mumer_train.from_scratch.task_rows import (  # noqa: E402
    TaskRow,
    answer_tokens,
    prompt_tokens,
    read_rows,
    write_rows,
)
from mumer_train.from_scratch.vocabulary import TOKENS  # noqa: E402

from mumer_data.exceptions import OutputError, SourceError  # noqa: E402

if TYPE_CHECKING:
    from mumer_train.from_scratch.settings import ReaderRunSettings

CROHME = Path(__file__).parents[4] / "shared" / "data" / "crohme"
STILL = Augmentation(scale=0, stretch=0, shear=0, turn=0, token_noise=0)


def weights(run: ReaderRun) -> dict[str, Any]:
    return {**run.model.state_dict(), **{f"average.{key}": value for key, value in run.average.state_dict().items()}}


def test_a_resumed_run_equals_an_uninterrupted_one(settings: ReaderRunSettings, tmp_path: Path) -> None:
    whole = ReaderRun(settings)
    whole.train()
    part = settings.model_copy(update={"out": tmp_path / "part"})
    first = ReaderRun(part)
    step = first._step

    def stop_in_between(batch: Any) -> None:
        step(batch)
        if first.progress.step == 5:
            first.stop()

    first._step = stop_in_between  # type: ignore[method-assign]
    first.train()
    assert (tmp_path / "part" / CHECKPOINT).exists()
    assert first.progress.step == 5 < whole.progress.step
    second = ReaderRun(part)
    second.train()
    assert second.progress == whole.progress
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(second)[name]), name
    assert "resumed at step 5" in (tmp_path / "part" / LOG).read_text("utf-8")


def test_the_loss_falls_and_the_best_weights_are_kept(settings: ReaderRunSettings) -> None:
    longer = settings.schedule.model_copy(update={"max_images": 480})
    run = ReaderRun(settings.model_copy(update={"schedule": longer}))
    run.train()
    lines = (settings.out / LOG).read_text("utf-8").splitlines()
    losses = [float(line.split("symbol ")[1].split()[0]) for line in lines if "symbol " in line and "lr" in line]
    assert len(losses) > 10
    assert sum(losses[-3:]) < 0.7 * sum(losses[:3])
    assert (settings.out / "best" / "model.safetensors").exists()
    assert (settings.out / "best" / "tokenizer.json").exists()


def test_a_file_starts_the_decay(settings: ReaderRunSettings) -> None:
    settings.out.mkdir(parents=True)
    (settings.out / DECAY).touch()
    endless = settings.schedule.model_copy(update={"max_images": 10_000})
    run = ReaderRun(settings.model_copy(update={"schedule": endless}))
    run.train()
    assert run.progress.decay_start == 0
    assert (settings.out / BEFORE_DECAY).exists()
    assert 16 <= run.progress.seen < 32


def test_the_schedule_follows_images() -> None:
    schedule = ScheduleSettings(learning_rate=1.0, warmup_images=9, decay_images=100)
    assert schedule.rate(0, None) == pytest.approx(0.1)
    assert schedule.rate(9, None) == schedule.rate(10**6, None) == 1.0
    assert schedule.rate(1_050, 1_000) == pytest.approx(0.5)
    assert schedule.rate(2_000, 1_000) == 0.0
    assert schedule.finished(1_100, 1_000)
    assert not schedule.finished(1_099, 1_000)


def test_a_pass_holds_every_image_once_and_follows_the_seed(store: Path) -> None:
    images = ImageStore(store)

    def plan(seed: int) -> list[list[int]]:
        batches = BatchPlan([images], None, ratio=2, pixels=40_000, seed=seed).batches(3)
        return [[item.index for item in batch] for batch in batches]

    assert sorted(index for batch in plan(0) for index in batch) == list(range(len(images)))
    assert plan(0) == plan(0) != plan(1)


def test_real_images_come_with_twice_as_many_synthetic_ones(store: Path) -> None:
    synthetic, real = ImageStore(store), ImageStore(store)
    real.shapes = real.shapes[:4]
    plan = BatchPlan([synthetic], real, ratio=2, pixels=40_000, seed=0)
    seen = []
    for number in range(2):
        items = [item for batch in plan.batches(number) for item in batch]
        assert sorted(item.index for item in items if item.store is real) == [0, 1, 2, 3]
        seen += [item.index for item in items if item.store is synthetic]
    assert sorted(seen) == list(range(16)), "two passes of eight see each synthetic image once"


def test_boxes_supervise_cells_and_attention(store: Path) -> None:
    images = ImageStore(store)
    numbers = {token: number for number, token in enumerate(TOKENS)}
    collator = Collator(numbers, STILL, 0, 1, 2)
    (items,) = BatchPlan([images], None, ratio=2, pixels=10**9, seed=0).batches(0)
    batch = collator.batch(items, 0)
    for place, item in enumerate(items):
        image = images[item.index]
        named = set(batch.classes[place].unique().tolist()) - {-100, 0}
        assert named <= {numbers[symbol] for symbol in image.symbols}
        assert named
        tokens = image.label.split()
        shown = [token not in "{}^_" for token in tokens]
        assert batch.looks[place, : len(tokens)].any(-1).tolist() == shown
        assert batch.targets[place, : len(tokens)].tolist() == [numbers[token] for token in tokens]
        assert batch.inputs[place, 1 : len(tokens) + 1].tolist() == [numbers[token] for token in tokens]
        assert batch.counts[place].sum() == len(tokens)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_attention_is_supervised_with_any_number_of_layers(store: Path, layers: int) -> None:
    images = ImageStore(store)
    collator = Collator({token: number for number, token in enumerate(TOKENS)}, STILL, 0, 1, 2)
    batch = collator.batch([Item(images, index) for index in range(4)], 0)
    sizes: dict[str, Any] = {"stages": ((16, 1),) * 4, "d_model": 40, "decoder_ffn_dim": 40, "decoder_layers": layers}
    model = FormulaReader(FormulaReaderConfig(vocab_size=len(TOKENS), **sizes))
    found = losses(model, batch, LossWeights(symbol=0, count=0))
    assert found.attention > 0
    assert float(found.total.detach()) == pytest.approx(found.token + 0.3 * found.attention, abs=1e-4)


def test_rows_of_tasks_are_learnt_after_their_prefix(store: Path, tmp_path: Path) -> None:
    """The decoder is given task, quoted formula and separator; it must write answer and end, and look for the label."""
    images = ImageStore(store)
    tokens = (*TOKENS, "REPLACE:", "->")
    numbers = {token: number for number, token in enumerate(tokens)}
    label = images.labels[0]
    rows = [
        TaskRow(0, 0, "recognition", (), answer_tokens(label)),
        TaskRow(0, 0, "symbol_count", (), answer_tokens(f"x: 1, y: 2\n{label}")),
        TaskRow(0, 0, "error_fix", ("x", "<deleted>"), answer_tokens(f"REPLACE:a -> b\n{label}")),
    ]
    assert write_rows(tmp_path / "rows.jsonl", rows) == 3
    assert read_rows(tmp_path / "rows.jsonl", [images]) == rows
    batch = Collator(numbers, STILL, 0, 1, 2).batch([Item(images, 0, row) for row in rows], 0)

    def words(numbered: Any) -> list[str]:
        return ["" if number == -100 else tokens[number] for number in numbered.tolist()]

    length = len(label.split())
    fixed = ["REPLACE:", "a", "->", "b", "<newline>"]
    assert words(batch.inputs[0])[: 1 + length] == ["<s>", *label.split()]
    assert words(batch.inputs[2]) == ["<error_fix>", "x", "<deleted>", "<separator>", *fixed, *label.split()]
    assert words(batch.targets[2]) == ["", "", "", *fixed, *label.split(), "</s>"]
    assert words(batch.targets[1])[:8] == ["x", ":", "1", ",", "y", ":", "2", "<newline>"]
    shown = [token not in "{}^_" for token in label.split()]
    assert batch.looks[0].any(-1).tolist()[:length] == shown
    assert batch.looks[2].any(-1).tolist() == [False] * (3 + len(fixed)) + shown + [False]
    assert torch.equal(batch.counts[0], batch.counts[2])


def test_prompts_quote_formulas() -> None:
    from mumer_data import correction, task
    from mumer_data.tasks.error_find import ErrorFind
    from mumer_data.tasks.error_fix import ErrorFix

    fixed = correction("a + b", "a - b")
    assert prompt_tokens(ErrorFind().prompt(fixed)) == tuple(fixed.prediction.split())
    assert prompt_tokens(ErrorFix().prompt(fixed)) == tuple(fixed.marked.split())
    assert prompt_tokens(task("tree_cot").sample("x").prompt) == ()


def test_the_schedule_can_count_steps_or_read_labels(settings: ReaderRunSettings, store: Path, tmp_path: Path) -> None:
    images = ImageStore(store)
    rows = [
        TaskRow(0, index, task, (), answer_tokens(images.labels[index]))
        for index in range(len(images))
        for task in ("recognition", "tree_cot", "symbol_count")
    ]
    write_rows(tmp_path / "rows.jsonl", rows)
    seen = {}
    for unit, amount in (("steps", 7), ("recognition", 20), ("images", 20)):
        schedule = settings.schedule.model_copy(update={"unit": unit, "max_images": amount})
        chosen = {"rows": tmp_path / "rows.jsonl", "schedule": schedule, "out": tmp_path / unit}
        run = ReaderRun(settings.model_copy(update=chosen))
        run.train()
        seen[unit] = run.progress
    assert seen["steps"].step == 7
    assert seen["images"].seen >= 20 > seen["images"].recognised
    assert seen["recognition"].recognised >= 20
    assert seen["recognition"].seen > 2 * seen["images"].seen


def test_the_smallest_box_names_a_cell() -> None:
    boxes = np.array([[0, 0, 80, 80], [32, 32, 48, 48]], dtype=np.float32)
    classes = cell_classes(boxes, [5, 9], (10, 10))
    assert classes[4, 4] == 9
    assert classes[2, 2] == 5
    assert classes[0, 0] == -100


def test_held_out_labels_are_in_no_training_image(tmp_path: Path) -> None:
    if not (CROHME / "2013").is_dir():
        pytest.skip("CROHME is not beside the checkout")
    source = tmp_path / "source"
    source.mkdir()
    (source / "images").symlink_to(CROHME / "train" / "images")
    lines = (CROHME / "train" / "caption.txt").read_text("utf-8").splitlines(keepends=True)
    (source / "caption.txt").write_text("".join(lines[:150]), "utf-8")
    counts = prepare_real(source, tmp_path / "kept", 0.3, tmp_path / "held")
    kept, held = ImageStore(tmp_path / "kept"), ImageStore(tmp_path / "held")
    assert counts == {"kept": len(kept), "held_out": len(held)}
    assert len(kept) + len(held) == 150
    assert held.labels
    assert not set(kept.labels) & set(held.labels)


def test_held_out_is_a_share_of_the_labels() -> None:
    labels = [f"label {number}" for number in range(4_000)]
    assert 0.04 < sum(held_out(label, 0.05) for label in labels) / 4_000 < 0.06
    assert all(held_out(label, 0.1) for label in labels if held_out(label, 0.05))


def test_a_store_returns_what_was_written(tmp_path: Path) -> None:
    images = [
        StoredImage("a", "x", np.full((8, 16), 3, np.uint8), np.array([[0, 0, 8, 8]], np.float32), ("x",)),
        StoredImage("b", "y", np.full((16, 8), 9, np.uint8), np.zeros((0, 4), np.float32), ()),
    ]
    assert write_store(tmp_path / "store", images) == 2
    for image, back in zip(images, (ImageStore(tmp_path / "store")[place] for place in range(2)), strict=True):
        assert (back.name, back.label, tuple(back.symbols)) == (image.name, image.label, tuple(image.symbols))
        assert (back.pixels == image.pixels).all()
        assert (back.boxes == image.boxes).all()
    with pytest.raises(OutputError, match="already exists"):
        write_store(tmp_path / "store", images)
    with pytest.raises(SourceError, match="is not a folder of fitted images"):
        ImageStore(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("synthetic: [a]", "out: this key is missing"),
        ("out: a\nsynthetic: [a]\nsed: 1", "'sed'.*seed"),
        ("out: a\nsynthetic: [a]\nschedule: {learning_rat: 1}", "learning_rate"),
        ("out: a\nsynthetic: [a]\nstages: [[4, 1]]", "multiples of 16"),
        ("- 1", "expected 'key: value' lines"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "run.yaml").write_text(text, "utf-8")
    with pytest.raises(TrainingError, match=message):
        load_settings(tmp_path / "run.yaml")


@pytest.mark.parametrize("name", ["reader_mini", "reader_crohme"])
def test_the_configs_are_valid(name: str) -> None:
    path = Path(__file__).parents[3] / "training" / "configs" / f"{name}.yaml"
    assert load_settings(path, ["seed=7"]).seed == 7

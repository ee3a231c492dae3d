"""GRPO and DPO of a formula reader: the reward goes up, preferences are learnt, a resumed run is the same run."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")

from mumer_train.dependencies import TrainingError  # noqa: E402
from mumer_train.from_scratch.decoding import read_images, stacked  # noqa: E402
from mumer_train.from_scratch.image_store import ImageStore  # noqa: E402
from mumer_train.from_scratch.objectives import advantages_of, clipped_loss  # noqa: E402
from mumer_train.from_scratch.policy import CHECKPOINT, PolicyRun  # noqa: E402
from mumer_train.from_scratch.processor import load_reader, save_reader  # noqa: E402
from mumer_train.from_scratch.run import ReaderRun  # noqa: E402
from mumer_train.from_scratch.sampling import log_probabilities, sample  # noqa: E402
from mumer_train.policy.config import PolicyConfig  # noqa: E402
from mumer_train.policy.data import round_of  # noqa: E402
from mumer_train.policy.log import LOG, StepLog  # noqa: E402
from mumer_train.policy.train import train_policy  # noqa: E402

if TYPE_CHECKING:
    pass
REWARDS = {"exact": 1.0, "edit_similarity": 1.0}
TREES = {"prompt": ["p"], "images": [[{"bytes": b"", "path": ""}]], "label": ["x"], "task": ["tree_cot"]}
UNKNOWN = {**TREES, "chosen": ["x"], "rejected": [r"\unheardof"]}
PRETRAINING = 960  # images


@pytest.fixture(scope="module")
def base(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader that has begun to read its sixteen images, but is not sure."""
    from mumer_train.from_scratch.processor import FormulaReaderProcessor
    from mumer_train.from_scratch.settings import ReaderRunSettings

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("base")
    run = ReaderRun(
        ReaderRunSettings.model_validate(
            {
                "out": folder / "run",
                "synthetic": [store],
                "encoder_first": 0,
                "batch_pixels": 30_000,
                "stages": [[16, 1]] * 4,
                "d_model": 80,
                "decoder_layers": 2,
                "decoder_ffn_dim": 32,
                "schedule": {"learning_rate": 3e-3, "warmup_images": 8, "max_images": PRETRAINING},
            }
        )
    )
    run.train()
    save_reader(run.model, FormulaReaderProcessor(), folder / "model")
    return folder / "model"


@pytest.fixture
def config(base: Path, store: Path, tmp_path: Path) -> PolicyConfig:
    return PolicyConfig.model_validate(
        {
            "model": str(base),
            "data": store,
            "output": tmp_path / "run",
            "rewards": REWARDS,
            "steps": 4,
            "learning_rate": 1e-3,
            "rows_per_step": 4,
            "rows_per_pass": 2,
            "samples": 4,
            "max_tokens": 24,
            "save_steps": 2,
        }
    )


@pytest.fixture
def pairs(store: Path, tmp_path: Path) -> Path:
    """Preferences on the images of the store, as `mumer pairs` writes them."""
    return write_pairs_of(store, tmp_path, lambda label: f"{label} + 1")


def write_pairs_of(store: Path, folder: Path, wrong: Any) -> Path:
    import io

    from PIL import Image

    from mumer_data.jobs.pairs import write_pairs

    images, rows = ImageStore(store), []
    (folder / "pictures").mkdir()
    for index in range(len(images)):
        data = io.BytesIO()
        Image.fromarray(255 - images[index].pixels).save(data, "PNG")
        (folder / "pictures" / f"{images[index].name}.png").write_bytes(data.getvalue())
        label = images[index].label
        rows.append({"img_id": images[index].name, "gt": label, "pred": wrong(label)})
    (folder / "wrong.json").write_text(json.dumps(rows), "utf-8")
    write_pairs([folder / "wrong.json"], folder / "pairs", folder / "pictures")
    return folder / "pairs"


def log_of(config: PolicyConfig) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (config.output / LOG).read_text("utf-8").splitlines()]


def changed(config: PolicyConfig, **values: Any) -> PolicyConfig:
    return PolicyConfig.model_validate(config.model_dump() | values)


def test_grpo_raises_the_reward(config: PolicyConfig) -> None:
    """Over seeds 0 to 3 the reward rose by 0.54 to 0.80; with the sign of the advantages flipped it fell to 0."""
    PolicyRun(changed(config, steps=20, rows_per_step=8, rows_per_pass=8, samples=6, save_steps=20), "grpo").train()
    entries = log_of(config)
    rise = {
        name: fmean(entry[name] for entry in entries[-4:]) - fmean(entry[name] for entry in entries[:4])
        for name in ("reward", "reward/exact", "reward/edit_similarity")
    }
    assert rise["reward"] > 0.25
    assert rise["reward/exact"] > 0.1
    assert rise["reward/edit_similarity"] > 0


def test_dpo_prefers_the_chosen_answer(config: PolicyConfig, pairs: Path) -> None:
    run = PolicyRun(changed(config, data=pairs, steps=8, rows_per_step=8, save_steps=8), "dpo")
    run.train()
    entries = log_of(config)
    assert entries[0]["margin"] == pytest.approx(0, abs=1e-5)
    assert entries[0]["loss"] == pytest.approx(0.6931, abs=1e-3)
    assert entries[-1]["margin"] > 0.3
    assert entries[-1]["accuracy"] == 1.0
    assert entries[-1]["rejected"] < entries[0]["rejected"]


class KilledError(Exception):
    pass


@pytest.mark.parametrize(
    ("method", "values"),
    [
        ("grpo", {}),
        ("grpo", {"updates_per_round": 2, "beta": 0.1, "warmup_steps": 3}),
        ("dpo", {}),
    ],
    ids=["grpo", "grpo, reused samples and KL", "dpo"],
)
def test_a_killed_run_continues_as_if_it_had_not_been(
    config: PolicyConfig, pairs: Path, tmp_path: Path, method: Any, values: dict[str, Any]
) -> None:
    whole = changed(config, data=pairs if method == "dpo" else config.data, **values)
    expected = PolicyRun(whole, method)
    expected.train()
    part = changed(whole, output=tmp_path / "part")
    first = PolicyRun(part, method)
    update = first._update

    def killed(batch: Any) -> None:
        update(batch)
        if first.step == 3:
            raise KilledError

    first._update = killed  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        first.train()
    assert [entry["step"] for entry in log_of(part)] == [1, 2, 3]
    second = PolicyRun(part, method)
    assert second.step == 2
    second.train()
    assert (part.output / LOG).read_text("utf-8") == (whole.output / LOG).read_text("utf-8")
    for name, value in expected.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name


def test_the_first_update_has_a_ratio_of_one_and_a_later_one_has_not(config: PolicyConfig) -> None:
    PolicyRun(changed(config, steps=2, updates_per_round=2, beta=0.1, clip=0.01), "grpo").train()
    first, second = log_of(config)
    assert first["clipped"] == first["kl"] == 0
    assert second["clipped"] > 0
    assert second["kl"] > 0
    assert first["reward"] == second["reward"], "the same samples"


def test_the_size_of_a_pass_does_not_change_the_gradient(config: PolicyConfig, tmp_path: Path) -> None:
    """With images of one size: a reader sees a little of the padding of its batch."""
    norms = []
    for size in (1, 4):
        run = PolicyRun(changed(config, rows_per_pass=size, output=tmp_path / str(size)), "grpo")
        images = [run.rows[0]] * 4
        batch = PolicyRun(config, "grpo").objective.prepare(images, 0)
        run.objective.backward(batch)
        norms.append(float(torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1e9)))
    assert norms[0] == pytest.approx(norms[1], rel=1e-3)
    assert norms[0] > 0


def test_advantages_are_those_of_the_group() -> None:
    found, deviation, flat = advantages_of([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0], [None, 0.0, 1.0], [None, None, 5.0]])
    assert found[0].tolist() == pytest.approx([-1, 0, 1], abs=1e-3)
    assert found[1].tolist() == [0, 0, 0]
    assert found[2].tolist() == pytest.approx([0, -0.7071, 0.7071], abs=1e-3)
    assert found[3].tolist() == [0, 0, 0]
    assert deviation == pytest.approx((1 + 0 + 0.5**0.5 + 0) / 4)
    assert flat == 0.5


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "clipped"),
    [(1.0, 2.0, -2.0, False), (1.5, 1.0, -1.2, True), (0.5, 1.0, -0.5, False), (0.5, -1.0, 0.8, True)],
)
def test_the_ratio_is_clipped_where_it_went_too_far(ratio: float, advantage: float, loss: float, clipped: bool) -> None:
    new = torch.tensor([ratio]).log()
    found, beyond = clipped_loss(new, torch.zeros(1), torch.tensor([advantage]), 0.2)
    assert found.item() == pytest.approx(loss)
    assert beyond.item() == clipped


def test_samples_follow_the_seed_and_their_probabilities_are_those_of_the_model(base: Path, store: Path) -> None:
    model, _ = load_reader(base)
    images = [ImageStore(store)[index] for index in (0, 5)]
    pixels = [image.pixels for image in images]

    def drawn(seed: int, temperature: float = 1.0) -> list[list[list[int]]]:
        found: list[list[list[int]]] = sample(model, pixels, 3, torch.Generator().manual_seed(seed), temperature, 24)
        return found

    assert drawn(0, 4.0) == drawn(0, 4.0) != drawn(1, 4.0)
    cold = drawn(0, 1e-4)
    likeliest = [tokens for tokens, _ in read_images(model, pixels, longest=24)]
    for group, tokens in zip(cold, likeliest, strict=True):
        assert [[token for token in answer if token != 2] for answer in group] == [tokens] * 3
    answers = drawn(3, 2.0)
    logs, known = log_probabilities(model, pixels, answers)
    assert known.sum(1).tolist() == [len(answer) for group in answers for answer in group]
    ones, cells = stacked(pixels, model.config.stride)
    for place, group in enumerate(answers):
        for number, answer in enumerate(group):
            labels = torch.tensor([answer])
            loss = model(pixel_values=ones[place : place + 1], cell_mask=cells[place : place + 1], labels=labels).loss
            assert logs[3 * place + number].sum().item() == pytest.approx(-loss.item() * len(answer), abs=1e-3)


def test_the_recognizer_reads_and_samples(base: Path, store: Path) -> None:
    import io

    from mumer_train.transformers_recognizer import TransformersRecognizer
    from PIL import Image

    from mumer_data.recognizers import Request, Sampling

    images, data = ImageStore(store), []
    for index in range(3):
        file = io.BytesIO()
        Image.fromarray(255 - images[index].pixels).save(file, "PNG")
        data.append(file.getvalue())
    requests = [
        Request(str(place), "", "", number, "", "", lambda one=one: one)  # type: ignore[misc]
        for place, one in enumerate(data)
        for number in range(2)
    ]
    recognizer = TransformersRecognizer(str(base), TransformersRecognizer.Options(batch=2))

    def answers(**options: Any) -> list[tuple[str, float]]:
        found = [pair for batch in recognizer.answers(requests, Sampling(**options)) for pair in batch]
        ordered = sorted(found, key=lambda pair: pair[0].key)
        return [(answer.text, round(answer.logprob or 0.0, 4)) for _, answer in ordered]

    greedy = answers()
    model, processor = load_reader(base)
    assert {text for text, _ in greedy[::2]} == {processor.read(model, [one])[0][0] for one in data}
    assert answers(temperature=1.0, top_p=1e-6) == greedy, "the nucleus is the likeliest token"
    drawn = answers(temperature=3.0, max_tokens=8)
    assert drawn == answers(temperature=3.0, max_tokens=8) != answers(temperature=3.0, max_tokens=8, seed=1)
    assert len({text for text, _ in drawn}) > 3
    with pytest.raises(TrainingError, match="is a formula reader: constrained and grammar are for chat models"):
        TransformersRecognizer(str(base), TransformersRecognizer.Options(constrained="recognition"))


def test_a_pass_over_the_data_holds_every_row_once() -> None:
    rounds = [round_of(10, 4, number, seed=0) for number in range(5)]
    rows = [row for one in rounds for row in one]
    assert sorted(rows[:10]) == sorted(rows[10:]) == list(range(10))
    assert rows[:10] != rows[10:]
    assert round_of(10, 4, 3, seed=0) == rounds[3] != round_of(10, 4, 3, seed=1)
    assert sorted(round_of(2, 6, 0, seed=0)) == [0, 0, 0, 1, 1, 1]


def test_the_log_keeps_what_the_checkpoint_knows(tmp_path: Path) -> None:
    log = StepLog(tmp_path, 0)
    for step in (1, 2, 3):
        log.add({"step": step, "reward": None})
    with (tmp_path / LOG).open("a", encoding="utf-8") as file:
        file.write('{"step": 4, "rew')
    StepLog(tmp_path, 2).add({"step": 3, "reward": 1.0})
    assert [json.loads(line)["reward"] for line in (tmp_path / LOG).read_text("utf-8").splitlines()] == [None, None, 1]


def test_the_verb_trains_a_reader_and_plots(config: PolicyConfig, tmp_path: Path) -> None:
    import yaml
    from PIL import Image
    from typer.testing import CliRunner

    from mumer_data.cli import app

    values = json.loads(config.model_dump_json())
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(values, sort_keys=False), "utf-8")

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, [*arguments])

    command = ("train", str(tmp_path / "run.yaml"), "--method", "grpo")
    done = run(*command, "--set", "steps=2")
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(config.output / "final")
    record = json.loads((config.output / "run.json").read_text("utf-8"))
    assert record["method"] == "grpo"
    assert record["rewards"].startswith("1*exact+1*edit_similarity|")
    again = run(*command)
    assert again.exit_code != 0
    assert "already contains a run" in str(again.output) + str(again.exception)
    assert run(*command, "--resume").exit_code == 0
    assert [entry["step"] for entry in log_of(config)] == [1, 2, 3, 4]
    load_reader(config.output / "final")
    out = tmp_path / "plot.png"
    done = run("rewards", "plot", str(config.output / LOG), "--figure", "reward/exact", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert Image.open(out).size == Image.open(config.output / "reward.png").size == (840, 480)


@pytest.mark.parametrize(
    ("method", "values", "message"),
    [
        ("grpo", {"data": "nowhere"}, r"nowhere/train.parquet does not exist.*mumer prompts"),
        ("dpo", {}, r"train.parquet does not exist.*mumer pairs"),
        ("grpo", {"rewards": {"exakt": 1.0}}, "did you mean 'exact'"),
        ("grpo", {"rewards": "none.yaml"}, "none.yaml cannot be read"),
        ("dpo", {"data": {"label": ["x"]}}, "no column prompt, images, chosen, rejected.*mumer pairs --format trl"),
        ("grpo", {"data": TREES}, "prompts of the task tree_cot.*write the folder with --task recognition"),
        ("grpo", {"data": {name: [] for name in TREES}}, "has no row"),
        ("dpo", {"data": UNKNOWN}, "a token that is not in the reader's vocabulary"),
    ],
    ids=["no data", "images for dpo", "reward", "file of rewards", "columns", "task", "no row", "vocabulary"],
)
def test_what_is_wrong_is_explained(
    config: PolicyConfig, tmp_path: Path, method: Any, values: dict[str, Any], message: str
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from mumer_data.exceptions import MumerError

    if isinstance(values.get("data"), dict):
        (tmp_path / "rows").mkdir()
        pq.write_table(pa.table(values["data"]), tmp_path / "rows" / "train.parquet")
        values = {"data": tmp_path / "rows"}
    with pytest.raises(MumerError, match=message):
        train_policy(changed(config, **values), method)


def test_a_folder_of_the_other_method_is_refused(config: PolicyConfig, pairs: Path) -> None:
    PolicyRun(changed(config, steps=2), "grpo").train()
    assert (config.output / CHECKPOINT).exists()
    with pytest.raises(TrainingError, match="--method grpo: choose another output"):
        train_policy(changed(config, data=pairs), "dpo", resume=True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"save_steps": 3, "updates_per_round": 2}, "multiple of updates_per_round"),
        ({"rows_per_step": 4, "rows_per_pass": 3}, "multiple of rows_per_pass"),
        ({"samples": 1}, "samples"),
        ({"temperatur": 1.0}, "temperatur"),
    ],
)
def test_a_wrong_file_is_explained(config: PolicyConfig, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        changed(config, **values)

"""Weighted sums from YAML, the adapters of other trainers, and the service over HTTP."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mumer_data import __version__
from mumer_data.exceptions import MumerError
from mumer_data.rewards import REWARDS, RewardError, WeightedReward, load_rewards
from mumer_data.rewards.adapters import MumerORM, compute_score
from mumer_data.rewards.server import reward_server

CONFIG = "rewards:\n  exact: 1.0\n  tree_similarity: 0.5\nnormalize: hme100k\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "rewards.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def test_a_weighted_sum_from_yaml(config: Path) -> None:
    reward = load_rewards(config)
    expected = f"1*exact+0.5*tree_similarity|norm:hme100k|exploits:1|version:mumer-{__version__}"
    assert reward.signature == expected
    values = reward(["a + b", "a - b", "a +"], ["a + b", "a + b", r"\frac { a"], prompts=["?"] * 3)
    assert values == [1.5, pytest.approx(1 / 3), None]
    assert reward.__name__ == "mumer_reward"


def test_what_is_left_out_does_not_count() -> None:
    reward = WeightedReward({"visual": 1, "exact": 1, "self_consistent": 1})
    assert reward(["x"], ["x"], task=["recognition"]) == [2.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rewards:\n  exakt: 1\n", "did you mean 'exact'"),
        ("rewards:\n  exact: much\n", "expected a number, found 'much'"),
        ("rewards:\n  exact: .nan\n", "expected a number, found nan"),
        ("rewards: {}\n", "no reward is named"),
        ("rewards: [exact]\n", "expected 'rewards:' with lines"),
        ("rewards: {exact: 1}\nnormalise: crohme\n", "did you mean 'normalize'"),
        ("rewards: {exact: 1}\nnormalize: crome\n", "crohme"),
        ("- exact\n", "expected 'key: value'"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rewards.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MumerError, match=message):
        load_rewards(path)


def test_a_reward_can_be_registered() -> None:
    def short(completions: list[str], label: object = None, **kwargs: object) -> list[float | None]:
        return [1.0 / (1 + len(text)) for text in completions]

    REWARDS.register("short_for_test", short)
    assert WeightedReward({"short_for_test": 2.0})(["a"], ["a"]) == [1.0]


def test_verl(config: Path) -> None:
    assert compute_score("crohme", "a + b", "a + b") == pytest.approx(1.7)
    assert compute_score("crohme", "a + b", "a + b", {"prompt": "?"}, config=str(config)) == 1.5
    assert compute_score("crohme", "a + b", r"\frac { a") == pytest.approx(0.2)  # parses and is concise
    assert compute_score("crohme", "a + b", None, None, config=str(config)) == 0.0


def test_ms_swift(config: Path) -> None:
    class Own(MumerORM):
        config: str | None

    Own.config = str(config)
    assert Own()(["a + b", "x"], solution=["a + b", "}"]) == [1.5, None]
    assert Own(None)(["a + b"], label=["a + b"], task=["recognition"]) == [1.5]


@pytest.fixture
def url() -> Iterator[str]:
    with reward_server(WeightedReward({"exact": 1.0}), port=0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def post(url: str, data: bytes) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_the_service_scores(url: str) -> None:
    chat = [{"role": "assistant", "content": "b"}]
    request = {"completions": ["a", chat, "c"], "labels": ["a", "a", "}"]}
    status, found = post(f"{url}/score", json.dumps(request).encode())
    assert status == 200
    assert found["total"] == [1.0, 0.0, None]
    assert found["signature"].startswith("1*exact|norm:crohme")
    own = {**request, "rewards": {"parses": 0.5}, "normalize": "hme100k"}
    assert post(f"{url}/score", json.dumps(own).encode())[1]["rewards"] == {"parses": [1.0, 1.0, 1.0]}
    with urllib.request.urlopen(f"{url}/health", timeout=60) as answer:
        assert json.loads(answer.read())["status"] == "ok"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "expected an object"),
        (b'{"completions": "a", "labels": "a"}', "expected 'completions'"),
        (b'{"completions": ["a"], "labels": []}', "1 completions and 0 labels"),
        (b'{"completions": [], "labels": [], "reward": {}}', "unknown key 'reward'"),
        (b'{"completions": [], "labels": [], "rewards": {"exakt": 1}}', "did you mean 'exact'"),
    ],
)
def test_a_wrong_request_is_an_answer(url: str, body: bytes, message: str) -> None:
    status, found = post(f"{url}/score", body)
    assert status == 400
    assert message in found["error"]
    assert post(f"{url}/other", b"{}")[0] == 404


def test_it_listens_on_the_loopback_interface_only() -> None:
    for host in ("0.0.0.0", "192.168.1.5", "example.org"):
        with pytest.raises(RewardError, match="loopback"):
            reward_server(WeightedReward(), host)
    with reward_server(WeightedReward(), port=0) as server, pytest.raises(RewardError, match="cannot listen"):
        reward_server(WeightedReward(), port=server.server_address[1])

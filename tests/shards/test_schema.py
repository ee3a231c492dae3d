"""The columns of a shard are those that `datasets` itself would write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from datasets import Features, Image, List, Value

from mumer_data.records import Sample
from mumer_data.shards.schema import CHATS, Chat, Columns, Extra, Images, ShardRow, shard_schema, to_table

NAMES: list[Chat] = ["sharegpt", "openai"]
KINDS: list[Images] = ["embed", "path"]


@pytest.mark.parametrize("chat", NAMES)
@pytest.mark.parametrize("images", KINDS)
@pytest.mark.parametrize("metadata", [False, True])
@pytest.mark.parametrize("extra", [(), ("label",), ("label", "task")], ids=["none", "label", "both"])
def test_the_schema_is_that_of_datasets(chat: Chat, images: Images, metadata: bool, extra: tuple[Extra, ...]) -> None:
    message = {CHATS[chat].role: Value("string"), CHATS[chat].content: Value("string")}
    picture: Any = Image() if images == "embed" else Value("string")
    features = Features({"id": Value("string"), "messages": List(message), "images": List(picture)})
    if metadata:
        features["metadata"] = Value("string")
    for name in extra:
        features[name] = Value("string")
    ours, theirs = shard_schema(Columns(chat, images, metadata, extra)), features.arrow_schema
    assert ours.equals(theirs, check_metadata=False)
    assert json.loads(ours.metadata[b"huggingface"]) == json.loads(theirs.metadata[b"huggingface"])


@pytest.mark.parametrize(
    ("chat", "roles"),
    [("sharegpt", ("from", "value", "human", "gpt")), ("openai", ("role", "content", "user", "assistant"))],
)
def test_a_row_is_one_question_and_one_answer(chat: Chat, roles: tuple[str, str, str, str]) -> None:
    role, content, user, assistant = roles
    row = ShardRow(Sample("e1", "Read it.", "x"), "e1.png", b"png", label="x", task="recognition")
    assert to_table([row], Columns(chat, "embed")).to_pylist() == [
        {
            "id": "e1",
            "messages": [{role: user, content: "<image>Read it."}, {role: assistant, content: "x"}],
            "images": [{"bytes": b"png", "path": "e1.png"}],
            "label": "x",
            "task": "recognition",
        }
    ]
    row = ShardRow(Sample("e1", "Read it.", "x"), "data/e1.png", None)
    assert to_table([row], Columns(chat, "path")).to_pylist()[0]["images"] == ["data/e1.png"]

"""The columns of a shard, once, and the row that fills them.

Not for writing files: that is `writer`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from mumer_data.records import Sample

Chat = Literal["sharegpt", "openai"]
Images = Literal["embed", "path"]
Extra = Literal["label", "task"]
EXTRA: tuple[Extra, ...] = ("label", "task")
PLACEHOLDER = "<image>"


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """The names that one chat format gives to the parts of a message."""

    role: str
    content: str
    user: str
    assistant: str


CHATS: dict[Chat, ChatFormat] = {
    "sharegpt": ChatFormat("from", "value", "human", "gpt"),
    "openai": ChatFormat("role", "content", "user", "assistant"),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """How rows are written.

    Attributes:
        chat: names in the messages.
        images: as encoded bytes or as paths.
        metadata: whether there is a column ``metadata``.
        extra: further columns at the end: ``label`` (tokenised) and ``task`` (its name).
    """

    chat: Chat = "sharegpt"
    images: Images = "embed"
    metadata: bool = False
    extra: tuple[Extra, ...] = EXTRA


@dataclass(frozen=True, slots=True)
class ShardRow:
    """One row of a shard.

    Attributes:
        sample: prompt and answer.
        image_name: name or path of the image.
        image_bytes: the encoded image; ``None`` where only its path is kept.
        metadata: JSON text.
        label: the tokenised label.
        task: name of the task.
    """

    sample: Sample
    image_name: str
    image_bytes: bytes | None
    metadata: str = ""
    label: str = ""
    task: str = ""

    def size(self) -> int:
        """About how many bytes the row takes."""
        return len(self.image_bytes or b"") + len(self.sample.prompt) + len(self.sample.answer) + 64


def shard_schema(columns: Columns) -> pa.Schema:
    """``id``, ``messages``, ``images``, then ``metadata``, ``label`` and ``task`` as far as they are chosen.

    The metadata of the schema tell `datasets` to decode the images.
    """
    names, embedded = CHATS[columns.chat], columns.images == "embed"
    message = pa.struct([(names.role, pa.string()), (names.content, pa.string())])
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())]) if embedded else pa.string()
    text = {"dtype": "string", "_type": "Value"}
    features = {
        "id": text,
        "messages": {"feature": {names.role: text, names.content: text}, "_type": "List"},
        "images": {"feature": {"_type": "Image"} if embedded else text, "_type": "List"},
    }
    fields = [("id", pa.string()), ("messages", pa.list_(message)), ("images", pa.list_(image))]
    for name in [*(["metadata"] if columns.metadata else []), *columns.extra]:
        features[name] = text
        fields.append((name, pa.string()))
    return pa.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": features}})})


def to_table(rows: list[ShardRow], columns: Columns) -> pa.Table:
    """The rows as an Arrow table of `shard_schema`."""
    names = CHATS[columns.chat]
    messages = [
        [
            {names.role: names.user, names.content: PLACEHOLDER + row.sample.prompt},
            {names.role: names.assistant, names.content: row.sample.answer},
        ]
        for row in rows
    ]
    pictures = [
        [{"bytes": row.image_bytes, "path": row.image_name} if columns.images == "embed" else row.image_name]
        for row in rows
    ]
    schema = shard_schema(columns)
    values = {"id": [row.sample.id for row in rows], "messages": messages, "images": pictures}
    values |= {name: [getattr(row, name) for row in rows] for name in ("metadata", "label", "task")}
    return pa.table([pa.array(values[f.name], f.type) for f in schema], schema=schema)


REJECTS = pa.schema(
    [
        ("id", pa.string()),
        ("row", pa.int64()),
        ("reason", pa.string()),
        ("position", pa.int64()),
        ("message", pa.string()),
        ("label", pa.string()),
    ]
)

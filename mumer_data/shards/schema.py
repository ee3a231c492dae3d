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
    """How rows are written: names in the messages, images as bytes or paths, and whether with a ``metadata`` column."""

    chat: Chat = "sharegpt"
    images: Images = "embed"
    metadata: bool = False


@dataclass(frozen=True, slots=True)
class ShardRow:
    """One row: a sample and its image, as bytes or, where those are ``None``, as a path; ``metadata`` is JSON text."""

    sample: Sample
    image_name: str
    image_bytes: bytes | None
    metadata: str = ""

    def size(self) -> int:
        """About how many bytes the row takes."""
        return len(self.image_bytes or b"") + len(self.sample.prompt) + len(self.sample.answer) + 64


def shard_schema(columns: Columns) -> pa.Schema:
    """``id``, ``messages``, ``images``; the schema's own metadata tell `datasets` to decode the images."""
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
    if columns.metadata:
        features["metadata"] = text
        fields.append(("metadata", pa.string()))
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
    found = {"id": [row.sample.id for row in rows], "messages": messages, "images": pictures}
    found["metadata"] = [row.metadata for row in rows]
    return pa.table([pa.array(found[f.name], f.type) for f in schema], schema=schema)


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

"""The two files that make a folder of shards load elsewhere: for `datasets` and for LLaMA-Factory.

Not the full dataset card with statistics and licences: that is made when a build is pushed.
"""

from __future__ import annotations

from typing import Any

import yaml

from mumer_data.shards.schema import CHATS, Chat


def dataset_info(manifest: dict[str, Any], chat: Chat) -> dict[str, Any]:
    """LLaMA-Factory's ``dataset_info.json``: each config is a local folder of Parquet files."""
    names = CHATS[chat]
    return {
        config: {
            "file_name": config,
            "formatting": "sharegpt",  # what LLaMA-Factory calls any list of messages
            "columns": {"messages": "messages", "images": "images"},
            "tags": {
                "role_tag": names.role,
                "content_tag": names.content,
                "user_tag": names.user,
                "assistant_tag": names.assistant,
            },
        }
        for config in manifest["configs"]
    }


def dataset_card(manifest: dict[str, Any], split: str) -> str:
    """A ``README.md`` whose header tells `datasets` the configs and their files."""
    configs = [
        {"config_name": name, "data_files": [{"split": split, "path": f"{name}/{split}-*.parquet"}]}
        for name in manifest["configs"]
    ]
    header = yaml.safe_dump({"configs": configs, "task_categories": ["image-to-text"]}, sort_keys=False)
    rows = "\n".join(f"| `{name}` | {c['task']} | {c['rows']:,} |" for name, c in manifest["configs"].items())
    return (
        f"---\n{header}---\n\n# {manifest['name']}\n\n"
        f"Built by mumer-data {manifest['versions']['mumer_data']}; `manifest.json` says from what.\n\n"
        f"| config | task | rows |\n| --- | --- | --- |\n{rows}\n"
    )

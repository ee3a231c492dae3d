"""The dataset card of a build: YAML metadata for `datasets` and the Hub, and a readable page.

Not for selecting what is published: see `publication`. Equal builds produce equal bytes.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mumer_data.hub.folder import Build, BuiltConfig
from mumer_data.hub.licences import Terms
from mumer_data.hub.redact_paths import redact_paths
from mumer_data.hub.statistics import label_statistics
from mumer_data.records import Correction
from mumer_data.shards.listing import dataset_info
from mumer_data.shards.schema import CHATS, Chat
from mumer_data.tasks import ERROR_TASKS, TASKS, error_tasks, task_class

if TYPE_CHECKING:
    from huggingface_hub import DatasetCardData

MOST_INPUTS = 10  # input files that the card lists
_SIZES = ((1_000, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
_SIGNATURE = "<!-- mumer push {} -->"
_CITATION = """
@misc{li2025unimumer,
  title         = {{Uni-MuMER}: Unified Multi-Task Fine-Tuning of Vision-Language Model for Handwritten
                   Mathematical Expression Recognition},
  author        = {Li, Yu and Jiang, Jin and Zhu, Jianhua and Peng, Shuai and Wei, Baole and Zhou, Yuxuan and
                   Gao, Liangcai},
  year          = {2025},
  eprint        = {2505.23566},
  archiveprefix = {arXiv}
}""".strip()


def card_text(build: Build, terms: Sequence[Terms], repo: str, *, picture: str = "", revision: str = "") -> str:
    """The whole ``README.md``.

    Args:
        build: what is published.
        terms: licences of its sources.
        repo: ``OWNER/NAME``, for the code that loads it.
        picture: path of the sample sheet in the repository; ``""`` if there is none.
        revision: branch, if it is not the main one.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters["cell"] = _cell
    manifest = redact_paths(build.manifest)
    tasks = list(dict.fromkeys(config.task for config in build.configs))
    text = environment.get_template("card.md.jinja").render(
        card_data=_header(build, terms).to_yaml().strip(),
        name=build.name,
        repo=repo,
        revision_argument=f', revision="{revision}"' if revision else "",
        rows=f"{sum(config.rows for config in build.configs):,}",
        configs=build.configs,
        tasks=[_task(name) for name in tasks],
        find="error_find" in tasks,
        metadata="metadata" in build.leaves(build.configs[0]),
        picture=picture,
        size=_size,
        llama_factory=_llama_factory(build, repo),
        labels=label_statistics(build),
        images=manifest["inputs"].get("images"),
        counts={"reasons": {}, "unused": 0, **manifest["counts"]},
        corrections=manifest.get("corrections"),
        terms=terms,
        versions=manifest["versions"],
        seed=manifest.get("seed"),
        fingerprint=manifest.get("fingerprint", ""),
        inputs=manifest["inputs"].get("files", []),
        most_inputs=MOST_INPUTS,
        recipe=_recipe(manifest),
        citations=[_CITATION, *dict.fromkeys(source.citation for source in terms if source.citation)],
    )
    text = re.sub(r"\n{3,}", "\n\n", text.rstrip()) + "\n"
    return text + _SIGNATURE.format(_digest(text)) + "\n"


def written_by_hand(text: str) -> bool:
    """Whether a card was not written by `card_text`, or was changed afterwards."""
    head, newline, last = text.rstrip("\n").rpartition("\n")
    return last != _SIGNATURE.format(_digest(head + newline))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _header(build: Build, terms: Sequence[Terms]) -> DatasetCardData:
    from datasets import DatasetInfo, Features
    from datasets.info import DatasetInfosDict
    from datasets.splits import SplitDict, SplitInfo
    from huggingface_hub import DatasetCardData

    licences = list(dict.fromkeys(source.licence for source in terms if source.licence))
    tasks = {config.task for config in build.configs}
    data = DatasetCardData(
        license=licences[0] if len(licences) == 1 else licences or None,
        pretty_name=build.name,
        task_categories=["image-to-text", *(["image-text-to-text"] if tasks & ERROR_TASKS.keys() else [])],
        size_categories=_size_category(sum(config.rows for config in build.configs)),
        tags=["handwriting", "mathematical-expression-recognition", "hmer", "latex", "ocr"],
        configs=[
            {"config_name": config.name, "data_files": [{"split": config.split, "path": config.pattern}]}
            for config in build.configs
        ],
    )
    infos = {}
    for config in build.configs:
        split = SplitInfo(config.split, num_bytes=_uncompressed_size(build, config), num_examples=config.rows)
        infos[config.name] = DatasetInfo(
            features=Features.from_arrow_schema(build.schema(config)),
            splits=SplitDict({config.split: split}),
            download_size=config.size,
            dataset_size=split.num_bytes,
        )
    DatasetInfosDict(infos).to_dataset_card_data(data)
    return data


def _uncompressed_size(build: Build, config: BuiltConfig) -> int:
    """Uncompressed size of the rows of a config, in bytes."""
    import pyarrow.parquet as pq

    files = [pq.read_metadata(build.folder / shard.file) for shard in config.shards]
    return sum(file.row_group(number).total_byte_size for file in files for number in range(file.num_row_groups))


def _size_category(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), "10M<n<100M")


def _task(name: str) -> dict[str, str]:
    """The description of a task on the card."""
    if name in TASKS:
        description, prompt = inspect.getdoc(task_class(name)), task_class(name).prompt
    elif name in ERROR_TASKS:
        task = error_tasks()[name]
        description, prompt = (
            inspect.getdoc(task),
            task.prompt(Correction("{label}", "{prediction}", "{marked formula}", "{log}")),
        )
    else:  # of another package, or of a later version
        return {"name": name, "about": "", "prompt": ""}
    return {"name": name, "about": (description or "").split("\n")[0], "prompt": f"<image>{prompt}"}


def _llama_factory(build: Build, repo: str) -> str:
    content = {f"messages.list.element.{names.content}": chat for chat, names in CHATS.items()}
    chat: Chat = next(content[leaf] for leaf in build.leaves(build.configs[0]) if leaf in content)
    config = build.configs[0].name
    entry = dataset_info(build.manifest, chat)[config]
    entry = {"hf_hub_url": repo, "subset": config} | {k: v for k, v in entry.items() if k != "file_name"}
    return json.dumps({config: entry}, indent=2)


def _recipe(manifest: dict[str, Any]) -> str:
    """The configuration as YAML: the pipeline, or the mining options."""
    keys = ("pipeline", "mining", "channel", "samples")
    configuration = {key: manifest[key] for key in keys if key in manifest}
    return yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True).rstrip()


def _size(count: int) -> str:
    from rich.filesize import decimal

    return decimal(count)


def _cell(text: object) -> str:
    """A text escaped for a table cell."""
    return re.sub(r"\s+", " ", str(text)).replace("|", "\\|").replace("`", "'")

"""The source datasets of a build and their licences: declared in the pipeline, or recognised.

Not for legal advice: an unknown licence is reported as unknown.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from mumer_data.hub.folder import Build
from mumer_data.shards.manifest import licence_of

_SHARE = 1 / 3  # of the ids must look like a data set's; some of CROHME's are mere numbers
DECLARED = "the source of this build"


@dataclass(frozen=True, slots=True)
class Terms:
    """A source dataset of a build.

    Attributes:
        title: its name.
        licence: an id of the Hub, e.g. ``cc-by-nc-sa-3.0``; ``""`` where none is known.
        commercial: whether commercial use is allowed; ``None`` where that is not known.
        how: what tells: the declaration, the words of the build, or its ids.
        citation: BibTeX, or ``""``.
        test: the word that names one of its test sets, or ``""``.
    """

    title: str
    licence: str
    commercial: bool | None
    how: str
    citation: str = ""
    test: str = ""


@cache
def _known() -> dict[str, dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "sources.toml").read_text(encoding="utf-8"))


def terms_of(build: Build, declared: str = "") -> list[Terms]:
    """The data sets behind a build, each with its terms; never empty.

    Args:
        build: the build.
        declared: licence that the user gives; else the pipeline's ``licence`` counts.
    """
    licence = declared or licence_of(build.folder)
    words = list(source_words(build))
    found = [terms for key in _known() if (terms := _recognised(build, _known()[key], words)) is not None]
    if not found:
        how = "declared" if licence else "neither declared nor recognised"
        return [Terms(DECLARED, licence, _commercial(licence), how)]
    own = [one for one in found if one.licence and not declared]
    other = [one for one in found if one not in own]
    return own + [_declared(one, licence) if licence else one for one in other]


def _declared(one: Terms, licence: str) -> Terms:
    return replace(one, licence=licence, commercial=_commercial(licence), how="declared")


def known_terms(build: Build) -> list[Terms]:
    """The data sets that are recognised, with their own terms whatever is declared."""
    words = list(source_words(build))
    return [terms for known in _known().values() if (terms := _recognised(build, known, words)) is not None]


def _commercial(licence: str) -> bool | None:
    if not licence or licence in ("other", "unknown"):
        return None
    return re.search(r"(^|-)nc(-|$)", licence.lower()) is None


def _recognised(build: Build, known: dict[str, Any], words: list[str]) -> Terms | None:
    word = next((word for word in words for name in known["names"] if re.search(name, word, re.IGNORECASE)), None)
    how = f"named {word!r}" if word is not None else ""
    if not how and known["ids"]:
        share = _share_of_ids(build, known["ids"])
        how = f"{share:.0%} of its ids look like it" if share >= _SHARE else ""
    if not how:
        return None
    test = next((w for w in words if re.search(known["tests"], w) and "train" not in w.lower()), "")
    return Terms(known["title"], known["licence"], known.get("commercial"), how, known["citation"].strip(), test)


def _share_of_ids(build: Build, pattern: str) -> float:
    like = count = 0
    config = build.configs[0]
    for ids in build.texts(config, "id"):
        like += pc.sum(pc.match_substring_regex(ids, pattern, ignore_case=True)).as_py() or 0
        count += len(ids)
    return like / count if count else 0.0


def source_words(build: Build) -> Iterator[str]:
    """The names that say what a build is made from: of itself, its source, its input files."""
    yield build.name
    for key, value in build.source.items():
        if key != "format" and isinstance(value, str):
            yield "/".join(value.replace("\\", "/").split("/")[-2:]) if key == "path" else value
    yield from (str(file["file"]) for file in build.manifest.get("inputs", {}).get("files", []))
    images = build.manifest.get("mining", {}).get("images")
    if images:
        yield str(images)

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

_MIN_SHARE = 1 / 3  # share of ids that must match a data set's pattern; some ids of CROHME are plain numbers
DECLARED = "the source of this build"


@dataclass(frozen=True, slots=True)
class Terms:
    """A source dataset of a build.

    Attributes:
        title: its name.
        licence: an id of the Hub, e.g. ``cc-by-nc-sa-3.0``; ``""`` if it is not known.
        commercial: whether commercial use is allowed; ``None`` if that is not known.
        evidence: why the data set and its licence are known: a declaration, names in the build, or its ids.
        citation: BibTeX, or ``""``.
        test: a name in the build that matches one of its test sets, or ``""``.
    """

    title: str
    licence: str
    commercial: bool | None
    evidence: str
    citation: str = ""
    test: str = ""


@cache
def _known() -> dict[str, dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "sources.toml").read_text(encoding="utf-8"))


def terms_of(build: Build, declared: str = "") -> list[Terms]:
    """The source data sets of a build, each with its terms; never empty.

    Args:
        build: the build.
        declared: licence that the user names; by default the pipeline's ``licence``.
    """
    licence = declared or licence_of(build.folder)
    words = list(source_words(build))
    recognised = [terms for key in _known() if (terms := _recognised(build, _known()[key], words)) is not None]
    if not recognised:
        evidence = "declared" if licence else "neither declared nor recognised"
        return [Terms(DECLARED, licence, _commercial(licence), evidence)]
    with_licence = [source for source in recognised if source.licence and not declared]
    other = [source for source in recognised if source not in with_licence]
    return with_licence + [_declared(source, licence) if licence else source for source in other]


def _declared(source: Terms, licence: str) -> Terms:
    return replace(source, licence=licence, commercial=_commercial(licence), evidence="declared")


def known_terms(build: Build) -> list[Terms]:
    """The data sets that are recognised, with their own terms, independent of any declaration."""
    words = list(source_words(build))
    return [terms for known in _known().values() if (terms := _recognised(build, known, words)) is not None]


def _commercial(licence: str) -> bool | None:
    if not licence or licence in ("other", "unknown"):
        return None
    return re.search(r"(^|-)nc(-|$)", licence.lower()) is None


def _recognised(build: Build, known: dict[str, Any], words: list[str]) -> Terms | None:
    word = next((word for word in words for name in known["names"] if re.search(name, word, re.IGNORECASE)), None)
    evidence = f"named {word!r}" if word is not None else ""
    if not evidence and known["ids"]:
        share = _share_of_ids(build, known["ids"])
        evidence = f"{share:.0%} of its ids look like it" if share >= _MIN_SHARE else ""
    if not evidence:
        return None
    test = next((w for w in words if re.search(known["tests"], w) and "train" not in w.lower()), "")
    return Terms(known["title"], known["licence"], known.get("commercial"), evidence, known["citation"].strip(), test)


def _share_of_ids(build: Build, pattern: str) -> float:
    matching = count = 0
    config = build.configs[0]
    for ids in build.texts(config, "id"):
        matching += pc.sum(pc.match_substring_regex(ids, pattern, ignore_case=True)).as_py() or 0
        count += len(ids)
    return matching / count if count else 0.0


def source_words(build: Build) -> Iterator[str]:
    """Names that may tell the source data set: of the build, its source and its input files."""
    yield build.name
    for key, value in build.source.items():
        if key != "format" and isinstance(value, str):
            yield "/".join(value.replace("\\", "/").split("/")[-2:]) if key == "path" else value
    yield from (str(file["file"]) for file in build.manifest.get("inputs", {}).get("files", []))
    images = build.manifest.get("mining", {}).get("images")
    if images:
        yield str(images)

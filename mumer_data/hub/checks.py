"""Checks of a build before it is published: errors, warnings and notes.

Not for the Hub: write access is checked when the repository is opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mumer_data.hub.folder import Build, BuiltConfig
from mumer_data.hub.licences import DECLARED, Terms, known_terms, terms_of
from mumer_data.hub.redact_paths import MACHINE_PLACE
from mumer_data.io.atomic import file_sha256

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A result of a check.

    Attributes:
        level: an error stops a push; a warning needs confirmation; a note is informational.
        check: short name of the check.
        message: what, where, and what to do.
    """

    level: Level
    check: str
    message: str


def check_build(build: Build, licence: str = "", private: bool = False) -> list[Finding]:
    """All checks that need neither the Hub nor another dataset; reads every shard once, for its hash.

    Args:
        build: the build.
        licence: what the user declares, or ``""``.
        private: whether it goes where only its owner sees it: then terms of others are only noted.
    """
    broken = list(_files(build))
    if any(finding.level == "error" for finding in broken):  # what stands in them cannot be trusted, or not be read
        return broken
    terms = terms_of(build, licence)
    return [*broken, *_columns(build), *_places(build), *_terms(build, terms, private), *_test_sets(build, terms)]


def _files(build: Build) -> Iterator[Finding]:
    """Check that every shard exists, is intact, and that there are no other shards."""
    for config in build.configs:
        for shard in config.shards:
            problem = _file_problem(build, shard.file, shard.size, shard.sha256, shard.rows)
            if problem:
                yield Finding("error", "files", f"{shard.file} {problem}: build it again")
        named = {shard.file.rpartition("/")[2] for shard in config.shards}
        for path in sorted((build.folder / config.name).glob("*.parquet")):
            if path.name not in named:
                message = f"{config.name}/{path.name} is not in the manifest, and stays here"
                yield Finding("warning", "files", message)


def _file_problem(build: Build, file: str, size: int, sha256: str, rows: int) -> str:
    path = build.folder / file
    try:
        if not path.is_file():
            return "is missing"
        if path.stat().st_size != size:
            return f"has {path.stat().st_size:,} bytes, the manifest says {size:,}"
        if file_sha256(path) != sha256:
            return "is not the file that the manifest describes (its sha256 differs)"
        found = pq.read_metadata(path).num_rows
    except (OSError, pa.ArrowException) as error:
        return f"cannot be read ({error})"
    return "" if found == rows else f"has {found:,} rows, the manifest says {rows:,}"


def _columns(build: Build) -> Iterator[Finding]:
    for config in build.configs:
        if "images.list.element.bytes" not in build.leaves(config):
            message = f"the images of {config.name} are paths on this machine: build with 'images: embed'"
            yield Finding("error", "images", message)


def _places(build: Build) -> Iterator[Finding]:
    """Paths of this machine in names, ids, messages or metadata."""
    for config in build.configs:
        for leaf in build.leaves(config):
            if leaf == "images.list.element.bytes":
                continue
            count, example = _matches(build, config, leaf, MACHINE_PLACE)
            if not count and leaf == "images.list.element.path":
                count, example = _matches(build, config, leaf, r"[/\\]")
            if count:
                what = leaf.partition(".")[0]
                message = f"{count:,} values of '{what}' in {config.name} hold a path of a machine, such as {example!r}"
                yield Finding("warning", "paths", message)


def _matches(build: Build, config: BuiltConfig, leaf: str, pattern: str) -> tuple[int, str]:
    count, example = 0, ""
    for values in build.texts(config, leaf):
        found = values.filter(pc.match_substring_regex(values, pattern))
        if len(found) and not example:
            example = str(found[0].as_py())[:80]
        count += len(found)
    return count, example


def _terms(build: Build, terms: Sequence[Terms], private: bool) -> Iterator[Finding]:
    level: Level = "note" if private else "warning"
    for one in terms:
        if one.commercial is False:
            alike = "; what is made from it must carry the same licence" if "-sa" in one.licence else ""
            message = (
                f"made from {one.title} ({one.how}), whose licence is {one.licence}: no commercial use{alike}; "
                "--private keeps the repository to yourself"
            )
            yield Finding(level, "licence", message)
        elif not one.licence:
            whose = "" if one.title == DECLARED else f" of {one.title} ({one.how})"
            message = f"the licence{whose} is not known: ask whose data it is, then name it by --licence"
            yield Finding(level, "licence", message)
    declared = {one.licence for one in terms if one.how == "declared"}
    for own in known_terms(build):
        if own.licence and declared and own.licence not in declared:
            message = f"declared is {min(declared)}, but it looks like {own.title} ({own.how}), which is {own.licence}"
            yield Finding(level, "licence", message)


def _test_sets(build: Build, terms: Sequence[Terms]) -> Iterator[Finding]:
    splits = {config.split for config in build.configs}
    if "train" not in splits:
        return
    for one in terms:
        if one.test:
            message = f"{one.test!r} looks like a test set of {one.title}, and is published as the split 'train'"
            yield Finding("warning", "test set", message)
    option = next((str(build.source[key]) for key in ("folder", "captions", "split") if build.source.get(key)), "")
    name = os.path.basename(str(build.source.get("path", "")).rstrip("/\\"))
    for word in dict.fromkeys((option, name)):
        if any(part in word.lower() for part in ("test", "valid")) and not any(one.test == word for one in terms):
            message = f"{word!r} looks like a test or validation set, and is published as the split 'train'"
            yield Finding("warning", "test set", message)


def stopping(findings: Sequence[Finding]) -> str:
    """All errors among the findings as one message; ``""`` where nothing forbids a push."""
    errors = [finding.message for finding in findings if finding.level == "error"]
    return "\n".join(["this build cannot be pushed:", *(f"  {message}" for message in errors)]) if errors else ""

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
from mumer_data.hub.redact_paths import LOCAL_PATH
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
        licence: the licence that the user declares, or ``""``.
        private: whether the repository is private: then licences of sources are notes, not warnings.
    """
    file_findings = list(_check_files(build))
    if any(finding.level == "error" for finding in file_findings):  # the shards are not readable or not trustworthy
        return file_findings
    terms = terms_of(build, licence)
    licences = _check_licences(build, terms, private)
    return [*file_findings, *_check_images(build), *_local_paths(build), *licences, *_check_splits(build, terms)]


def _check_files(build: Build) -> Iterator[Finding]:
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
        rows_in_file = pq.read_metadata(path).num_rows
    except (OSError, pa.ArrowException) as error:
        return f"cannot be read ({error})"
    return "" if rows_in_file == rows else f"has {rows_in_file:,} rows, the manifest says {rows:,}"


def _check_images(build: Build) -> Iterator[Finding]:
    for config in build.configs:
        if "images.list.element.bytes" not in build.leaves(config):
            message = f"the images of {config.name} are paths on this machine: build with 'images: embed'"
            yield Finding("error", "images", message)


def _local_paths(build: Build) -> Iterator[Finding]:
    """Paths of this machine in names, ids, messages or metadata."""
    for config in build.configs:
        for leaf in build.leaves(config):
            if leaf == "images.list.element.bytes":
                continue
            count, example = _matches(build, config, leaf, LOCAL_PATH)
            if not count and leaf == "images.list.element.path":
                count, example = _matches(build, config, leaf, r"[/\\]")
            if count:
                column = leaf.partition(".")[0]
                message = (
                    f"{count:,} values of '{column}' in {config.name} hold a path of a machine, such as {example!r}"
                )
                yield Finding("warning", "paths", message)


def _matches(build: Build, config: BuiltConfig, leaf: str, pattern: str) -> tuple[int, str]:
    count, example = 0, ""
    for values in build.texts(config, leaf):
        matching = values.filter(pc.match_substring_regex(values, pattern))
        if len(matching) and not example:
            example = str(matching[0].as_py())[:80]
        count += len(matching)
    return count, example


def _check_licences(build: Build, terms: Sequence[Terms], private: bool) -> Iterator[Finding]:
    level: Level = "note" if private else "warning"
    for source in terms:
        if source.commercial is False:
            share_alike = "; what is made from it must carry the same licence" if "-sa" in source.licence else ""
            message = (
                f"made from {source.title} ({source.evidence}), whose licence is {source.licence}: "
                f"no commercial use{share_alike}; "
                "--private keeps the repository to yourself"
            )
            yield Finding(level, "licence", message)
        elif not source.licence:
            of_source = "" if source.title == DECLARED else f" of {source.title} ({source.evidence})"
            message = f"the licence{of_source} is not known: ask whose data it is, then name it by --licence"
            yield Finding(level, "licence", message)
    declared = {source.licence for source in terms if source.evidence == "declared"}
    for known in known_terms(build):
        if known.licence and declared and known.licence not in declared:
            message = (
                f"declared is {min(declared)}, but it looks like {known.title} ({known.evidence}), "
                f"which is {known.licence}"
            )
            yield Finding(level, "licence", message)


def _check_splits(build: Build, terms: Sequence[Terms]) -> Iterator[Finding]:
    splits = {config.split for config in build.configs}
    if "train" not in splits:
        return
    for source in terms:
        if source.test:
            message = f"{source.test!r} looks like a test set of {source.title}, and is published as the split 'train'"
            yield Finding("warning", "test set", message)
    option = next((str(build.source[key]) for key in ("folder", "captions", "split") if build.source.get(key)), "")
    name = os.path.basename(str(build.source.get("path", "")).rstrip("/\\"))
    for word in dict.fromkeys((option, name)):
        if any(part in word.lower() for part in ("test", "valid")) and not any(source.test == word for source in terms):
            message = f"{word!r} looks like a test or validation set, and is published as the split 'train'"
            yield Finding("warning", "test set", message)


def blocking_errors(findings: Sequence[Finding]) -> str:
    """All errors among the findings as one message; ``""`` if there are none."""
    errors = [finding.message for finding in findings if finding.level == "error"]
    return "\n".join(["this build cannot be pushed:", *(f"  {message}" for message in errors)]) if errors else ""

"""The verb that puts a build on the Hugging Face Hub: `push`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mumer_data.cli.options import AsJson
from mumer_data.exceptions import HubError

if TYPE_CHECKING:
    from mumer_data.hub.checks import Finding
    from mumer_data.hub.folder import Build
    from mumer_data.hub.publication import Upload
    from mumer_data.hub.repository import Repository

app = typer.Typer()


@app.command()
def push(
    folder: Annotated[Path, typer.Argument(help="Folder of a finished build, mining or corruption run.")],
    repo: Annotated[str, typer.Argument(help="Dataset on the Hub: OWNER/NAME, or NAME in your own account.")],
    private: Annotated[
        bool,
        typer.Option(
            "--private",
            help="Create a private repository; stop if the repository exists and is public.",
        ),
    ] = False,
    revision: Annotated[str, typer.Option(help="Branch; created if it does not exist.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and print only; upload nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Push despite warnings.")] = False,
    licence: Annotated[str, typer.Option(help="Licence of the data, as an id of the Hub, e.g. cc-by-4.0.")] = "",
    test_set: Annotated[
        list[str] | None,
        typer.Option(help="Build or pipeline whose rows must not be in the dataset. Repeat for several."),
    ] = None,
    card: Annotated[Path | None, typer.Option(help="Write the dataset card and its image to this folder too.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes for --test-set. Default: one per core.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Publish a build on the Hugging Face Hub with a dataset card; unchanged files are not uploaded again."""
    from mumer_data.hub.folder import open_build
    from mumer_data.hub.licences import terms_of
    from mumer_data.hub.publication import publication
    from mumer_data.hub.repository import Repository
    from mumer_data.report.publishing import print_plan

    repository = Repository(repo, revision)
    build = open_build(folder)
    findings = _findings(build, licence, private, test_set or [], workers)
    if not dry_run:
        _agree(findings, yes)
        repository.add_owner()
    uploads = publication(build, terms_of(build, licence), repository.name, revision)
    if card is not None:
        _write_card(card, uploads)
    if not dry_run:
        _send(build, repository, uploads, private, yes, as_json)
    elif as_json:
        print(json.dumps({"findings": [asdict(one) for one in findings], "files": [one.path for one in uploads]}))
    else:
        print_plan(build, uploads, repository.name)


def _findings(build: Build, licence: str, private: bool, test_sets: list[str], workers: int | None) -> list[Finding]:
    """All findings, printed; raises if one of them forbids a push."""
    from mumer_data.hub.checks import blocking_errors, check_build
    from mumer_data.hub.leakage import TestSet, leak_findings
    from mumer_data.jobs.config import load_source
    from mumer_data.report.publishing import print_findings

    sources = [(name, load_source(name)) for name in test_sets]
    findings = check_build(build, licence, private)
    if not blocking_errors(findings):
        tests = [TestSet(name, source.reader(), source.row_validator()) for name, source in sources]
        findings += leak_findings(build, tests, workers)
    print_findings([finding for finding in findings if finding.level != "error"])
    if blocking_errors(findings):
        raise HubError(blocking_errors(findings))
    return findings


def _send(build: Build, repository: Repository, uploads: list[Upload], private: bool, yes: bool, as_json: bool) -> None:
    from mumer_data.hub.push import push as run_push
    from mumer_data.report.publishing import print_findings, print_pushed, sending_progress

    def agree(remote: list[Finding]) -> None:
        print_findings(remote)
        _agree(remote, yes)

    message = f"{build.name}: {sum(config.rows for config in build.configs):,} rows by mumer-data"
    with sending_progress(f"pushing {build.name}") as progress:
        result = run_push(repository, uploads, message, private=private, agree=agree, progress=progress)
    if as_json:
        print(json.dumps(asdict(result)))
    else:
        print_pushed(build, result)


def _agree(findings: list[Finding], yes: bool) -> None:
    """Warnings need confirmation: by the option --yes, or at the terminal."""
    if yes or all(finding.level != "warning" for finding in findings):
        return
    if sys.stdin.isatty() and typer.confirm("Push despite these warnings?", err=True):
        return
    raise HubError("not pushed because of the warnings above: fix what they name, or add --yes")


def _write_card(folder: Path, uploads: list[Upload]) -> None:
    from mumer_data.hub.publication import CARD, PICTURE
    from mumer_data.io.atomic import atomic_write

    for upload in uploads:
        if upload.path in (CARD, PICTURE) and isinstance(upload.source, bytes):
            with atomic_write(folder / upload.path) as temporary:
                temporary.write_bytes(upload.source)

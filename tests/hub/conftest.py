"""Builds to publish, and a Hub to publish them to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mumer_data.hub import repository
from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline
from tests.conftest import caption_folder
from tests.hub.server import Hub, running_hub

TOKEN = "hf_" + "aBc123" * 6


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A Hub that this process's client talks to without waiting; its user is ``ann``, her token the client's."""
    from huggingface_hub import constants
    from huggingface_hub.utils import _http, close_session, disable_progress_bars, enable_progress_bars

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(_http.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(repository, "RETRY_DELAYS", (0.0, 0.0, 0.0))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf_home"))
    with running_hub() as found:
        found.store.tokens = {TOKEN: ("ann", True), "hf_reader": ("ann", False)}
        monkeypatch.setattr(constants, "ENDPOINT", found.url)
        template = found.url + "/{repo_id}/resolve/{revision}/{filename}"  # made from the endpoint at import
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        disable_progress_bars()
        yield found
        enable_progress_bars()
        close_session()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of 60 rows in three configs of three shards; not to be changed."""
    folder = tmp_path_factory.mktemp("built")
    settings = [
        "name=mine",
        "source.format=caption",
        f"source.path={caption_folder(folder / 'mine', 60)}",
        "shards.max_rows=20",
    ]
    build(load_pipeline("demo", settings), folder / "out", workers=1)
    return folder / "out"


@pytest.fixture
def my_build(built: Path, tmp_path: Path) -> Path:
    """The same build, to be changed at will."""
    return Path(shutil.copytree(built, tmp_path / "out"))

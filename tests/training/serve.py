"""Runs `transformers serve`, without the video processors that need torchvision. Not a test."""

from __future__ import annotations

from importlib.util import find_spec

from transformers.processing_utils import ProcessorMixin


def main() -> None:
    """As the command `transformers`."""
    if find_spec("torchvision") is None:
        stock = ProcessorMixin.get_attributes.__func__
        without = classmethod(lambda cls: [name for name in stock(cls) if name != "video_processor"])
        ProcessorMixin.get_attributes = without
    from transformers.cli.transformers import app

    app()


if __name__ == "__main__":
    main()

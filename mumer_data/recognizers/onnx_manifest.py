"""The manifest of an exported encoder-decoder model: one YAML file beside its ONNX files.

Not for running the model: see `onnx`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mumer_data.exceptions import SourceError
from mumer_data.images.fit import Fit
from mumer_data.io.config_file import read_yaml, validated

MANIFEST = "model.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CacheShape(_Strict):
    """Shape of the decoder's cache: (2 * layers, batch, heads, length, size)."""

    layers: int = Field(ge=1)
    heads: int = Field(ge=1)
    size: int = Field(ge=1)


class OnnxManifest(_Strict):
    """What is needed to run a model.

    Attributes:
        format: format of the ONNX files; the encoder maps ``pixel_values`` to ``cross``, the decoder maps ``token``,
            ``cross`` and ``past`` to ``log_probabilities`` and ``cache``.
        name, licence: name and licence of the model.
        weights: ``float32`` or ``int8``.
        encoder, decoder: names of the files beside the manifest.
        fit: how an image is prepared.
        cache: shape of the decoder's cache.
        start, end: numbers of the first and of the last token.
        max_length: longest text in tokens.
        hidden: numbers of tokens that are left out of a text.
        tokens: the text of each number.
    """

    format: Literal["encoder-decoder-1"]
    name: str
    licence: str
    weights: Literal["float32", "int8"]
    encoder: str
    decoder: str
    fit: Fit
    cache: CacheShape
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    max_length: int = Field(ge=1)
    hidden: frozenset[int]
    tokens: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _numbers_are_tokens(self) -> OnnxManifest:
        beyond = [number for number in (self.start, self.end, *self.hidden) if number >= len(self.tokens)]
        if beyond:
            raise ValueError(f"token {beyond[0]} is beyond the {len(self.tokens)} tokens")
        return self


def read_manifest(folder: Path) -> OnnxManifest:
    """The manifest of a folder.

    Raises:
        SourceError: it is missing or not valid; the message names the key.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise SourceError(f"{path} does not exist: name the folder of a model exported with `mumer reader export`")
    return validated(OnnxManifest, read_yaml(path, SourceError), str(path), SourceError)

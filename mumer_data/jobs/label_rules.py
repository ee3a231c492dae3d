"""The key ``normalize`` of a pipeline, validated.

Not for normalising: see `mumer_data.latex.normalize`.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator

from mumer_data.exceptions import PipelineError, SourceError
from mumer_data.latex.normalize.macros import macro_of
from mumer_data.latex.normalize.rules import chosen_rules


class LabelRules(BaseModel):
    """Normalisation of raw labels: a preset, single rules switched on or off, macros as name -> body with #1 to #9."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: str = "none"
    rules: dict[str, bool] = {}
    macros: dict[str, str] = {}

    @model_validator(mode="after")
    def _known(self) -> LabelRules:
        try:
            rules = chosen_rules(self.preset, self.rules)
            for name, body in self.macros.items():
                macro_of(name, body)
        except (PipelineError, SourceError) as error:
            raise ValueError(str(error)) from None
        if self.macros and not rules:
            raise ValueError("macros need a normalisation preset, such as preset: crohme")
        return self

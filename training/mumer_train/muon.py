"""Muon for the matrices within layers, AdamW for all other weights: for small models that learn from scratch.

Not for fine-tuning what AdamW has trained, nor for weights that are sharded over devices.
"""

from __future__ import annotations

from typing import Any

import torch

_TIMES = 4.0  # of AdamW's rate: what a matrix bears


class MuonAdamW(torch.optim.Optimizer):  # type: ignore[misc]  # torch's own class is untyped here
    """Two optimizers as one.

    Args:
        named: names and weights of a model; those without gradient are left out.
        rate: learning rate of AdamW; Muon's is four times that.
        decay: of the matrices.

    Source: K. Jordan et al., Muon: An optimizer for hidden layers in neural networks, 2024.
    """

    def __init__(self, named: Any, rate: float, decay: float = 0.01) -> None:
        weights = [(name, one) for name, one in named if one.requires_grad]
        inner = [one for name, one in weights if one.ndim == 2 and "embed" not in name and "lm_head" not in name]
        known = {id(one) for one in inner}
        others = [one for _, one in weights if id(one) not in known]
        self._parts = (
            torch.optim.Muon(inner, lr=_TIMES * rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.0),
        )
        super().__init__([one for _, one in weights], {"lr": rate})
        self._share()

    def _share(self) -> None:
        """A schedule sets rates in our groups: they are the parts' own."""
        self.param_groups = [group for part in self._parts for group in part.param_groups]

    def step(self, closure: Any = None) -> Any:
        """One update of all weights."""
        loss = closure() if closure else None
        for part in self._parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Those of both."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Both, as saved."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._share()

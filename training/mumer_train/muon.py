"""Muon for the weight matrices of layers, AdamW for all other weights: for small models trained from scratch.

Not for fine-tuning a model that was trained with AdamW, and not for sharded weights.
"""

from __future__ import annotations

from typing import Any

import torch

_MUON_FACTOR = 4.0  # Muon's learning rate relative to AdamW's


class MuonAdamW(torch.optim.Optimizer):  # type: ignore[misc]  # torch's own class is untyped here
    """Muon and AdamW behind the interface of one optimizer.

    Args:
        named: names and parameters of a model; those without gradient are skipped.
        rate: learning rate of AdamW; Muon's is four times that.
        decay: weight decay of the matrices.

    Source: K. Jordan et al., Muon: An optimizer for hidden layers in neural networks, 2024.
    """

    def __init__(self, named: Any, rate: float, decay: float = 0.01) -> None:
        weights = [(name, one) for name, one in named if one.requires_grad]
        matrices = [one for name, one in weights if one.ndim == 2 and "embed" not in name and "lm_head" not in name]
        matrix_ids = {id(one) for one in matrices}
        others = [one for _, one in weights if id(one) not in matrix_ids]
        self._parts = (
            torch.optim.Muon(matrices, lr=_MUON_FACTOR * rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.0),
        )
        super().__init__([one for _, one in weights], {"lr": rate})
        self._share_groups()

    def _share_groups(self) -> None:
        """Expose the parameter groups of both optimizers, so that a scheduler sets their learning rates."""
        self.param_groups = [group for part in self._parts for group in part.param_groups]

    def step(self, closure: Any = None) -> Any:
        """One update of all weights."""
        loss = closure() if closure else None
        for part in self._parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The states of both optimizers."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the states of both optimizers."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._share_groups()

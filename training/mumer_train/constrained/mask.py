"""A logits processor that allows only tokens with which the text can still match a grammar.

Not for the grammar itself: `grammar`.
"""

from __future__ import annotations

from typing import Any

from mumer_train.dependencies import TrainingError, require

# Tokens that close a label, in order of preference.
_CLOSERS = ("}", "\\end", "]", "{")


class Constraint:
    """A grammar compiled for the vocabulary of a model.

    Args:
        tokenizer: byte-level tokenizer of the model.
        grammar: in llguidance's Lark dialect, such as `label_grammar`.
        vocabulary: size of the model's output; default: that of the tokenizer.

    Raises:
        TrainingError: llguidance rejects the grammar.
    """

    def __init__(self, tokenizer: Any, grammar: str, vocabulary: int | None = None) -> None:
        require("llguidance", "torch")
        import llguidance.hf
        import torch

        size = vocabulary or len(tokenizer)
        self.tokenizer = llguidance.hf.from_tokenizer(tokenizer, n_vocab=size, eos_token=tokenizer.eos_token_id)
        compiled = llguidance.LLMatcher.grammar_from_lark(grammar)
        self.executor = llguidance.LLExecutor()
        self.end = int(tokenizer.eos_token_id)
        texts = [tokenizer.decode([token]).strip() for token in range(len(tokenizer))]
        ranks = [next((n for n, closer in enumerate(_CLOSERS) if text.startswith(closer)), 9) for text in texts]
        self.ranks = torch.tensor([*ranks, *[9] * (size - len(ranks))])
        self.ranks[self.end] = -1
        problem = llguidance.LLMatcher.validate_grammar(compiled, self.tokenizer)
        if problem:
            raise TrainingError(f"llguidance cannot use the grammar: {problem[:500]}")
        self.matcher = llguidance.LLMatcher(self.tokenizer, compiled)

    def processor(self, closing: int | None = None) -> GrammarProcessor:
        """A processor for one call of ``generate``; after ``closing`` new tokens it only closes what is open."""
        return GrammarProcessor(self, closing)


class GrammarProcessor:
    """The logits processor of one batch; create it with `Constraint.processor`."""

    def __init__(self, constraint: Constraint, closing: int | None) -> None:
        self._constraint, self._closing = constraint, closing
        self._matchers: list[Any] = []
        self._steps = 0

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Set the scores of tokens that the grammar rejects to -inf; a finished row may only end."""
        if not self._matchers:
            self._matchers = [self._constraint.matcher.deep_copy() for _ in range(len(input_ids))]
        else:
            for matcher, token in zip(self._matchers, input_ids[:, -1].tolist(), strict=True):
                if not matcher.is_stopped():
                    matcher.consume_token(token)
        self._steps += 1
        allowed = self._allowed(scores.shape[1])
        if self._closing is not None and self._steps > self._closing:
            ranks = self._constraint.ranks.expand(len(allowed), -1).masked_fill(~allowed, 99)
            allowed &= ranks == ranks.min(dim=1, keepdim=True).values
        return scores.masked_fill(~allowed.to(scores.device), float("-inf"))

    def _allowed(self, size: int) -> Any:
        """The mask of allowed tokens, of shape (rows, size)."""
        import torch
        from llguidance.torch import allocate_token_bitmask, fill_next_token_bitmask_par

        bits = allocate_token_bitmask(len(self._matchers), size)
        running = [(matcher, row) for row, matcher in enumerate(self._matchers) if not matcher.is_stopped()]
        if running:
            fill_next_token_bitmask_par(self._constraint.executor, running, bits)
        allowed = ((bits[:, :, None] >> torch.arange(32)) & 1).reshape(len(bits), -1)[:, :size].bool()
        for row, matcher in enumerate(self._matchers):
            if matcher.is_stopped():
                allowed[row] = False
                allowed[row, self._constraint.end] = True
        return allowed

"""A logits processor that lets through only tokens with which the text can still become what a grammar describes."""

from __future__ import annotations

from typing import Any

from mumer_train.dependencies import TrainingError, require

# What brings a label to its end, the surest first; everything else comes after.
_CLOSERS = ("}", "\\end", "]", "{")


class Constraint:
    """A grammar made ready for a model's vocabulary; makes a `GrammarProcessor` for each call of ``generate``.

    Args:
        tokenizer: byte-level, of the model.
        grammar: in llguidance's Lark dialect, such as `label_grammar`.
        vocabulary: size of the model's output; that of the tokenizer if left out.
    """

    def __init__(self, tokenizer: Any, grammar: str, vocabulary: int | None = None) -> None:
        require("llguidance", "torch")
        import llguidance.hf
        import torch

        size = vocabulary or len(tokenizer)
        self.tokenizer = llguidance.hf.from_tokenizer(tokenizer, n_vocab=size, eos_token=tokenizer.eos_token_id)
        made = llguidance.LLMatcher.grammar_from_lark(grammar)
        self.executor = llguidance.LLExecutor()
        self.end = int(tokenizer.eos_token_id)
        texts = [tokenizer.decode([token]).strip() for token in range(len(tokenizer))]
        ranks = [next((n for n, closer in enumerate(_CLOSERS) if text.startswith(closer)), 9) for text in texts]
        self.ranks = torch.tensor([*ranks, *[9] * (size - len(ranks))])
        self.ranks[self.end] = -1
        problem = llguidance.LLMatcher.validate_grammar(made, self.tokenizer)
        if problem:
            raise TrainingError(f"llguidance cannot use the grammar: {problem[:500]}")
        self.matcher = llguidance.LLMatcher(self.tokenizer, made)

    def processor(self, closing: int | None = None) -> GrammarProcessor:
        """For one call of ``generate``; after ``closing`` new tokens it only brings to an end what is open."""
        return GrammarProcessor(self, closing)


class GrammarProcessor:
    """The mask of one batch; use `Constraint.processor`."""

    def __init__(self, constraint: Constraint, closing: int | None) -> None:
        self._constraint, self._closing = constraint, closing
        self._matchers: list[Any] = []
        self._steps = 0

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores of tokens that lead nowhere become -inf; a row that is done may only end."""
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
        """Which tokens each row may have: shape (rows, size)."""
        import torch
        from llguidance.torch import allocate_token_bitmask, fill_next_token_bitmask_par

        bits = allocate_token_bitmask(len(self._matchers), size)
        running = [(matcher, row) for row, matcher in enumerate(self._matchers) if not matcher.is_stopped()]
        if running:
            fill_next_token_bitmask_par(self._constraint.executor, running, bits)
        found = ((bits[:, :, None] >> torch.arange(32)) & 1).reshape(len(bits), -1)[:, :size].bool()
        for row, matcher in enumerate(self._matchers):
            if matcher.is_stopped():
                found[row] = False
                found[row, self._constraint.end] = True
        return found

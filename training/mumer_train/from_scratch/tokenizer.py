"""The tokenizer of a formula reader: one token for each LaTeX token, split at spaces.

Not for raw LaTeX: labels are normalised before.
"""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from mumer_train.from_scratch.vocabulary import END, PAD, START, TASK_TOKENS, TOKENS, UNKNOWN

MAX_LENGTH = 512


def formula_tokenizer(tokens: Sequence[str] = TOKENS) -> PreTrainedTokenizerFast:
    """A word-level tokenizer over ``tokens``; decoding joins them with spaces.

    Line breaks, tabs and the colons and commas of the task formats (`symbol_count`) are separate tokens.
    """
    core = Tokenizer(models.WordLevel({token: number for number, token in enumerate(tokens)}, unk_token=UNKNOWN))
    core.normalizer = normalizers.Sequence(
        [
            normalizers.Replace("\n", " <newline> "),
            normalizers.Replace("\t", " <tab> "),
            normalizers.Replace(": ", " : "),
            normalizers.Replace(", ", " , "),
        ]
    )
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        bos_token=START,
        eos_token=END,
        unk_token=UNKNOWN,
        additional_special_tokens=list(TASK_TOKENS),
        model_max_length=MAX_LENGTH,
        clean_up_tokenization_spaces=False,
    )

"""A completion with its reference: normalised once for all rewards, and cached while its group is scored.

Not for any reward; rewards use the result.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mumer_data.exceptions import MumerError
from mumer_data.latex.answers import clean_answer
from mumer_data.latex.parser import try_parse
from mumer_data.latex.tree import SymbolTree
from mumer_data.rewards.canonical import canonical
from mumer_data.rewards.completion import MAX_CHARACTERS, answers_in, completion_text
from mumer_data.rewards.exploits import exploit_in_answer, exploit_in_text, exploit_in_tokens

log = logging.getLogger(__name__)
DEFAULT_PRESET = "crohme"
_LABELS = ("label", "solution", "ground_truth", "answer", "reference")  # names of a column of references


@dataclass(slots=True)
class Reference:
    """A reference that parses.

    Attributes:
        raw: as it was passed.
        label, tokens: normalised.
        tree: its symbol layout tree.
    """

    raw: str
    label: str
    tokens: list[str]
    tree: SymbolTree


@dataclass(slots=True)
class Compared:
    """A completion with its reference.

    Attributes:
        completion: its whole text.
        raw: the answer in it.
        label: the normalised answer; ``None`` if it cannot be parsed.
        tokens: of ``label``.
        exploit: reason why the reward is 0, see `exploits`; ``""`` if there is none.
        reference: ``None`` if the reference cannot be parsed, or there is none.
    """

    completion: str
    raw: str
    label: str | None
    tokens: list[str]
    exploit: str
    reference: Reference | None

    @property
    def earns(self) -> bool:
        """Whether the answer can be parsed and is not an exploit."""
        return self.label is not None and not self.exploit

    @property
    def exact(self) -> bool:
        """Whether the answer has the tokens of the reference."""
        return self.earns and self.reference is not None and self.tokens == self.reference.tokens


@lru_cache(maxsize=1 << 12)
def reference_of(raw: str, preset: str = DEFAULT_PRESET) -> Reference | None:
    """A reference, normalised and parsed; ``None`` if it cannot be parsed."""
    if len(raw) > MAX_CHARACTERS:
        return None
    label = canonical(clean_answer(raw), preset)
    if label is None:
        return None
    tokens = label.split()
    tree = try_parse(tokens)
    return None if tree is None or not tokens else Reference(raw, label, tokens, tree)


@lru_cache(maxsize=1 << 13)
def compared(text: str, raw: str | None, preset: str = DEFAULT_PRESET, prompt: str = "") -> Compared:
    """Prepare the text of a completion and a raw reference (``None``: without one)."""
    reference = None if raw is None else reference_of(raw, preset)
    if len(text) > MAX_CHARACTERS:
        return Compared(text[-MAX_CHARACTERS:], "", None, [], "too_long", reference)
    exploit = exploit_in_text(text, prompt)
    if exploit:
        return Compared(text, "", None, [], exploit, reference)
    for answer in answers_in(text):
        exploit = exploit_in_answer(answer, raw or "")
        if not exploit and reference is not None:
            exploit = exploit_in_tokens(answer.split(), reference.tokens)
        label = None if exploit else canonical(answer, preset)
        if exploit or label is not None:
            break
    tokens = [] if label is None else label.split()
    if tokens and reference is not None:
        exploit = exploit_in_tokens(tokens, reference.tokens)
    return Compared(text, answer, label, tokens, exploit, reference)


def per_completion(
    one: Callable[[Compared], float | None], completions: Sequence[object], label: object, options: Mapping[str, object]
) -> list[float | None]:
    """Apply the reward of one completion to all; never raises.

    Args:
        one: the reward; an exception is logged and earns 0.
        completions: text or chat messages each.
        label: one reference per completion, or one for all; ``None`` to look for it among ``options``.
        options: keyword arguments of the trainer: ``prompts``, ``normalize``, other columns.
    """
    preset = options.get("normalize")
    rewards: list[float | None] = []
    for text, raw, prompt in _rows(completions, label, options):
        try:
            rewards.append(one(compared(text, raw, preset if isinstance(preset, str) else DEFAULT_PRESET, prompt)))
        except Exception as error:  # an exception would end a long training run
            message = str(error).splitlines()[0] if isinstance(error, MumerError) else repr(error)
            log.warning("a completion cannot be scored (%s): it earns 0", message)
            rewards.append(0.0)
    return rewards


def _rows(
    completions: Sequence[object], label: object, options: Mapping[str, object]
) -> Iterator[tuple[str, str | None, str]]:
    if label is None:
        label = next((options[name] for name in _LABELS if options.get(name) is not None), None)
    prompts = options.get("prompts")
    for row, completion in enumerate(completions):
        raw = _at(label, row)
        yield completion_text(completion), raw if isinstance(raw, str) else None, completion_text(_at(prompts, row))


def _at(column: object, row: int) -> object:
    """The value of one row; a text applies to all rows."""
    if column is None or isinstance(column, str):
        return column
    if isinstance(column, Sequence):
        return column[row] if row < len(column) else None
    return None


def column_value(options: Mapping[str, object], name: str, row: int) -> object:
    """The value of one row of a trainer's column, or ``None``."""
    return _at(options.get(name), row)

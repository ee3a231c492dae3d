"""One completion beside its reference: normalised once for all rewards, and kept while its group is scored.

Not for any reward; those read what is prepared here.
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
_LABELS = ("label", "solution", "ground_truth", "answer", "reference")  # what a column of references is called


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
    """A completion beside its reference.

    Attributes:
        text: of the whole completion.
        raw: the answer in it.
        label: the answer, normalised; ``None`` where it cannot be read.
        tokens: of ``label``.
        exploit: why it earns nothing, see `exploits`; ``""`` where it may earn.
        reference: ``None`` where the reference cannot be parsed, or there is none.
    """

    text: str
    raw: str
    label: str | None
    tokens: list[str]
    exploit: str
    reference: Reference | None

    @property
    def earns(self) -> bool:
        """Whether the answer can be read and is not an exploit."""
        return self.label is not None and not self.exploit

    @property
    def exact(self) -> bool:
        """Whether the answer has the tokens of the reference."""
        return self.earns and self.reference is not None and self.tokens == self.reference.tokens


@lru_cache(maxsize=1 << 12)
def reference_of(raw: str, preset: str = DEFAULT_PRESET) -> Reference | None:
    """A reference, normalised and parsed; ``None`` where that cannot be done."""
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
    """Prepare the text of a completion beside a raw reference (``None``: without one)."""
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
        one: the reward; what it raises is logged and earns 0.
        completions: text or chat messages each.
        label: one reference per completion, or one for all; ``None`` to look for it among ``options``.
        options: what a trainer passes along: ``prompts``, ``normalize``, other columns.
    """
    preset = options.get("normalize")
    found: list[float | None] = []
    for text, raw, prompt in _rows(completions, label, options):
        try:
            found.append(one(compared(text, raw, preset if isinstance(preset, str) else DEFAULT_PRESET, prompt)))
        except Exception as error:  # a reward that raises ends a training run of days
            message = str(error).splitlines()[0] if isinstance(error, MumerError) else repr(error)
            log.warning("a completion cannot be scored (%s): it earns 0", message)
            found.append(0.0)
    return found


def _rows(
    completions: Sequence[object], label: object, options: Mapping[str, object]
) -> Iterator[tuple[str, str | None, str]]:
    if label is None:
        label = next((options[name] for name in _LABELS if options.get(name) is not None), None)
    prompts = options.get("prompts")
    for place, completion in enumerate(completions):
        raw = _at(label, place)
        yield completion_text(completion), raw if isinstance(raw, str) else None, completion_text(_at(prompts, place))


def _at(column: object, place: int) -> object:
    """The value of one row; a text holds for all rows."""
    if column is None or isinstance(column, str):
        return column
    if isinstance(column, Sequence):
        return column[place] if place < len(column) else None
    return None


def column_value(options: Mapping[str, object], name: str, place: int) -> object:
    """The value that a trainer passes along for one row of a column, or ``None``."""
    return _at(options.get(name), place)

"""What a policy writes -> its text, and the formula that it answers with, both of bounded length.

Not for whether the answer earns anything: see `exploits`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mumer_data.latex.answers import clean_answer

MAX_CHARACTERS = 16_384
"""A completion with more characters is runaway: it earns nothing and is not read."""

Completion = str | Sequence[Mapping[str, object]] | Mapping[str, object]
"""Text, a chat message, or a list of chat messages whose last one is the completion."""

# An answer without any of these is a formula and nothing else.
_DRESSED = re.compile(r"[\n$`<:*#\u0120\u010a\u0109]|\\[\[(]|\\[bf]box|\[/?INST\]")
_CONTINUED = re.compile(r"(?:\\\\|&)\s*\n")  # a formula that is written over several lines


def completion_text(completion: object) -> str:
    """The text of a completion; ``""`` where it has none."""
    if isinstance(completion, str):
        return completion
    if isinstance(completion, Mapping):
        return _content(completion.get("content"))
    if isinstance(completion, Sequence) and not isinstance(completion, bytes) and completion:
        return completion_text(completion[-1])
    return ""


def _content(content: object) -> str:
    """The content of a chat message: text, or a list of parts of which those of type ``text`` count."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence) or isinstance(content, bytes):
        return ""
    parts = [part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
    return "".join(part for part in parts if isinstance(part, str))


def answers_in(text: str) -> list[str]:
    """The formulas that a text may answer with, raw, the one to try first at the front.

    That is the last line, unless the formula goes on over several lines; what a task writes before it is left out.
    """
    if not _DRESSED.search(text):
        return [text]
    whole = clean_answer(text)
    last = whole.rstrip().rpartition("\n")[2]
    if last == whole:
        return [whole]
    return [whole, last] if _CONTINUED.search(whole) else [last, whole]

"""Answers as models write them -> labels: raw LaTeX, Markdown, delimiters, prose, byte-level leftovers.

Not for the rules of a label: see `normalize`. Not for many rows: see `mumer_data.readers.normalized`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.grammar import lalr_table
from mumer_data.latex.normalize import Normalizer
from mumer_data.latex.normalize.rules import rule_table
from mumer_data.latex.normalize.signatures import signatures

# Byte-level tokenisers write a space as the first, a line break as the second, a tab as the third.
_BYTE_LEVEL = str.maketrans({"\u0120": " ", "\u010a": "\n", "\u0109": " "})
_CONTROL = re.compile(r"<\|[^|<>]*\|>|</?s>|<(?:bos|eos|pad|unk)>|\[/?INST\]")
_FENCE = re.compile(r"```[ \t]*\w*[ \t]*\n?(.*?)(?:```|\Z)", re.DOTALL)
_TAGGED = re.compile(r"<(answer|latex|formula)>(.*?)(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_INLINE_CODE = re.compile(r"`([^`\n]+)`")
_DISPLAY = re.compile(r"(?<!\\)\$\$(.+?)(?<!\\)\$\$|\\\[(?!\s*-?[\d.]+\s*[a-z]{2}\s*\])(.+?)\\\]", re.DOTALL)
_INLINE = re.compile(r"(?<![\\$])\$([^$]+?)(?<!\\)\$|\\\((.+?)\\\)", re.DOTALL)
# "The formula in the image is:", "LaTeX:", "Answer -"; the words before it have no mathematics in them.
_PROSE = re.compile(
    r"^[^\\{}^_=$+]{0,200}?\b(?:formula|equation|expression|latex|answer|result|transcription|image|is|reads)\b[^\\{}^_=$+:]{0,80}:",
    re.IGNORECASE,
)
_PROSE_CHINESE = re.compile("^[^\\\\{}^_=$+]{0,60}?(?:公式|表达式|答案|结果|识别|内容)[^\\\\{}^_=$+:：]{0,20}[:：]")
# A line of an answer that reasons first: words that no command explains, or the indented rows of a tree.
_REASONING = re.compile(r"^\t|(?<![\\{A-Za-z])[A-Za-z]{2,} [A-Za-z]{2,}(?![}A-Za-z])")
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_LENGTH = re.compile(r"\{-?[\d.]+(?:cm|mm|em|ex|pt|in|mu)\}?")
_JOINED = re.compile(r"\\[A-Za-z]+\*?(?P<argument>[{\[].*)", re.DOTALL)
_MARK = re.compile(r"<(?:error_start|error_end|deleted|start)>")  # of a correction; mining refuses texts that have one
_DOLLAR = re.compile(r"(?<!\\)\$|\n")
_FONT_RULES = ("wrappers", "text_wrappers")
_COMMANDS = re.compile(r"\\[A-Za-z]+")
_DELIMITERS = frozenset({"$", "$$", "\\[", "\\]", "\\(", "\\)"})


@lru_cache(maxsize=1)
def _font_commands() -> frozenset[str]:
    """The commands that a preset may drop as fonts, and their switches."""
    rules = [rule for rule in rule_table()[0] if rule.name in _FONT_RULES]
    return frozenset(signatures().switches).union(*(rule.tokens for rule in rules))


def is_tokenised(text: str) -> bool:
    """Whether every token of a label or prediction, parted by spaces, is one symbol, and no delimiter is around it."""
    return all(map(_is_token, text.split()))


@lru_cache(maxsize=1 << 16)
def _is_token(token: str) -> bool:
    if token in _DELIMITERS:
        return False
    if _MARK.fullmatch(token):
        return True
    joined = _JOINED.fullmatch(token)
    if joined and not token.startswith(("\\begin{", "\\end{")) and not _LENGTH.fullmatch(joined["argument"]):
        return False
    return token in ("{", "}", "_", "^") or bool(lalr_table().terminal(token))


def clean_answer(text: str) -> str:
    """The formula of an answer, still raw: without fences, tags, delimiters, a sentence before it, ``\\boxed``.

    An answer that is a formula and nothing else comes back as it is, but for white space at its ends.
    """
    text = _CONTROL.sub(" ", text.translate(_BYTE_LEVEL)).strip()
    for pattern, group in ((_FENCE, 1), (_TAGGED, 2)):
        if matches := list(pattern.finditer(text)):
            text = str(matches[-1].group(group)).strip()
    if code := list(_INLINE_CODE.finditer(text)):
        text = code[-1][1].strip()
    text = _delimited(text)
    for pattern in (_PROSE, _PROSE_CHINESE):
        if prose := pattern.match(text):
            text = _delimited(text[prose.end() :].strip().strip("*").strip().removesuffix(".").strip())
    return _unboxed(text)


def _delimited(text: str) -> str:
    """The formula between mathematics delimiters: the last displayed one, else the longest in a line."""
    shown = [str(one or two) for one, two in _DISPLAY.findall(text)]
    if shown:
        return shown[-1].strip()
    inline = [str(one or two) for one, two in _INLINE.findall(text)]
    return max(inline, key=len).strip() if inline else text


def _with_words(text: str) -> str:
    """An answer that begins with a formula in a line, and goes on with words and formulas; ``""`` for others."""
    text = text.strip()
    inline = list(_INLINE.finditer(text))
    if not inline or inline[0].start() or inline[0].end() == len(text) or _DISPLAY.search(text):
        return ""
    formulas = sum(match.end() - match.start() for match in inline)
    return text if len(text) <= 2 * formulas else ""  # mostly words: prose


def _unboxed(text: str) -> str:
    """The content of a ``\\boxed`` that is the whole formula or at the end of prose."""
    boxes = list(_BOXED.finditer(text))
    if not boxes:
        return text
    last = boxes[-1]
    before, depth = text[: last.start()], 1
    for i in range(last.end(), len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0) if text[i - 1] != "\\" else 0
        if depth == 0:
            alone = not before.strip() and not text[i + 1 :].strip(" .")
            prose = not re.search(r"[\\{}^_=]", before) and re.search(r"[A-Za-z]{3}", before)
            return text[last.end() : i].strip() if alone or prose else text
    return text


class AnswerNormalizer:
    """Brings a label and the prediction for it into the form of a preset.

    Attributes:
        preset: its name.
        unreadable: predictions so far that are not LaTeX that the grammar represents; they stay as they are.
    """

    def __init__(self, preset: str) -> None:
        self.preset = preset
        self.unreadable = 0
        self._normal = Normalizer(preset)
        self._as_seen: AnswerNormalizer | None = None

    def pair(self, label: str, text: str) -> tuple[str, str]:
        """Both sides, normalised; a side that cannot be read stays as it is.

        A ``\\boxed`` around a whole prediction goes only where the label has none.
        """
        return self.label(label), self._prediction(text, boxed="\\boxed" in label or "\\fbox" in label)

    def pair_as_seen(self, label: str, text: str) -> tuple[str, str] | None:
        """Both sides with the fonts that the preset drops, and the words between formulas; ``None`` without such.

        A label that the preset does not change may have lost its fonts long ago: then those of the prediction are
        facts without a counterpart, and ``None`` too.
        """
        whole = _with_words(text)
        if not whole and _font_commands().isdisjoint(_COMMANDS.findall(label + text)):
            return None
        if self.label(label) == label:
            return None
        if self._as_seen is None:
            self._as_seen = AnswerNormalizer(self.preset)
            self._as_seen._normal = Normalizer(self.preset, dict.fromkeys(_FONT_RULES, False))
        return self._as_seen.pair(label, _DOLLAR.sub(" ", whole) if whole else text)

    def label(self, label: str) -> str:
        """A label, normalised; one that cannot be read stays as it is."""
        try:
            return self._normal(_delimited(label))
        except LatexSyntaxError:
            return label

    def _prediction(self, text: str, boxed: bool) -> str:
        if not text.strip():
            return text
        answer = text if boxed and is_tokenised(text) else clean_answer(text)
        *reasoning, last = answer.splitlines() or [""]
        answers = [answer, last]
        if any(map(_REASONING.search, reasoning)):
            answers.reverse()
        for answer in answers:
            try:
                return self._normal(answer)
            except LatexSyntaxError:
                continue
        self.unreadable += 1
        return text

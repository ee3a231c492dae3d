"""MathML -> its visible content: symbols, scripts, fractions, roots and tables, without spaces, styles and rows.

For comparing a formula before and after normalisation; not for typesetting.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from xml.etree import ElementTree

Item = str | tuple[object, ...]
Items = tuple[Item, ...]

TRANSPARENT = {"math", "mrow", "mstyle", "mpadded", "TeXAtom", "mtd"}
LEAVES = {"mi", "mn", "mo", "mtext", "ms"}
SLOTS = {
    "msub": ("sub",),
    "msup": ("sup",),
    "msubsup": ("sub", "sup"),
    "munder": ("under",),
    "mover": ("over",),
    "munderover": ("under", "over"),
}
AS_SCRIPT = {"under": "sub", "over": "sup"}
# Operators whose scripts stand beside or above them by style alone, which is not compared.
LIMIT_NAMES = frozenset(("lim", "max", "min", "sup", "inf", "det", "gcd", "Pr", "limsup", "liminf"))
LARGE = frozenset("∑∏∐∫∬∭⨌∮∯∰⋃⋂⨆⨅⋁⋀⨁⨂⨀⨄")
INVISIBLE = re.compile("[\\s\u200b-\u200f\u2060-\u2064\ufeff\u00ad]+")
# Spellings of one symbol that a label does not distinguish, or that the referee itself writes in two ways.
SAME = str.maketrans(
    {
        "−": "-", "∗": "*", "⋅": "·", "∣": "|", "∥": "‖", "⩽": "≤", "⩾": "≥", "⟶": "→", "⟵": "←", "⟹": "⇒", "⟸": "⇐",
        "⟺": "⇔", "∶": ":", "∖": "\\", "″": "′′", "‴": "′′′", "⁗": "′′′′", "'": "′", "’": "′", "ϵ": "ϵ",
        "‾": "¯", "―": "¯", "─": "¯", "Ω": "Ω", "⟨": "⟨", "〈": "⟨", "〉": "⟩", "µ": "μ",
        "∆": "Δ", "“": '"', "”": '"',
    }
)  # fmt: skip
# Combining marks -> the marks of accents; the referee sets them as letters.
MARKS = {
    "\u0300": "`", "\u0301": "´", "\u0302": "^", "\u0303": "~", "\u0304": "¯", "\u0305": "¯", "\u0306": "˘",
    "\u0307": "˙", "\u0308": "¨", "\u030a": "˚", "\u030c": "ˇ", "\u20d7": "→",
}  # fmt: skip
FONTS = {"double-struck": "double-struck", "script": "script", "fraktur": "fraktur"}
FONT_WORDS = {"DOUBLE-STRUCK": "double-struck", "SCRIPT": "script", "BLACK-LETTER": "fraktur", "FRAKTUR": "fraktur"}


class UnrenderableError(Exception):
    """The MathML holds an error message instead of a formula."""


def picture(mathml: str) -> Items:
    """The visible content of a MathML text.

    Raises:
        UnrenderableError: the MathML holds an ``merror``.
    """
    return _items(ElementTree.fromstring(mathml))


def names(mathml: str) -> list[str]:
    """The names of functions, as ``sin``: identifiers and operators of several letters."""
    texts = (_text(node) for node in ElementTree.fromstring(mathml).iter() if _tag(node) in ("mi", "mo"))
    return [name for name in texts if len(name) > 1 and name.isalpha()]


def words(mathml: str) -> list[str]:
    """The words of the texts in a formula."""
    texts = ("".join(node.itertext()) for node in ElementTree.fromstring(mathml).iter() if _tag(node) == "mtext")
    return [word for text in texts for word in re.findall(r"[^\W\d_]+", text)]


def _tag(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]


def _text(node: ElementTree.Element) -> str:
    return INVISIBLE.sub("", "".join(node.itertext()))


def _items(node: ElementTree.Element) -> Items:
    tag, children = _tag(node), list(node)
    if tag in LEAVES:
        return tuple(_leaves(node))
    if tag == "mpadded" and "border" in node.get("style", ""):
        return (("enclose", "box", _row(children)),)
    if tag in TRANSPARENT:
        return _row(children)
    if tag in SLOTS:
        return _scripted(tag, children)
    if tag == "mfrac":
        bar = "stack" if re.match(r"0(\D|$)", node.get("linethickness", "1")) else "fraction"
        return ((bar, _items(children[0]), _items(children[1])),)
    if tag in ("msqrt", "mroot"):
        return ((("root", _row(children), ()) if tag == "msqrt" else ("root", *map(_items, children))),)
    if tag == "mtable":
        return _table(node)
    if tag == "menclose":
        return (("enclose", " ".join(sorted(node.get("notation", "").split())), _row(children)),)
    if tag == "mspace":
        return ("newline",) if node.get("linebreak") == "newline" else ()
    if tag in ("semantics", "maction"):
        return _items(children[0])
    if tag == "merror":
        raise UnrenderableError("".join(node.itertext()))
    if tag == "mmultiscripts":
        return (("multiscripts", *map(_items, children)),)
    return ()  # phantoms, annotations, images and empty scripts


def _leaves(node: ElementTree.Element) -> Iterable[str]:
    font = next((FONTS[name] for name in FONTS if name in node.get("mathvariant", "")), "")
    for character in unicodedata.normalize("NFC", _text(node)).replace("|\u0338", "∤").translate(SAME):
        own, shown = font, character
        if unicodedata.decomposition(character).startswith("<font>"):
            named = unicodedata.name(character)
            own = next((face for word, face in FONT_WORDS.items() if word in named), font)
            shown = unicodedata.normalize("NFKC", character)
        yield f"{shown} {own}" if own else shown


def _row(children: Iterable[ElementTree.Element]) -> Items:
    """The items of a row; scripts on nothing join the symbol before them."""
    row: list[Item] = []
    for child in children:
        for item in _items(child):
            if row and isinstance(item, str) and item in MARKS:
                row[-1] = ("limits", (row[-1],), ("over", (MARKS[item],)))
            elif row and isinstance(item, tuple) and item[0] == "scripts" and item[1] in MARKS:
                row[-1] = ("scripts", ("limits", (row[-1],), ("over", (MARKS[item[1]],))), *item[2:])
            elif row and isinstance(item, tuple) and item[:2] == ("scripts", ""):
                row[-1] = _with_scripts(row[-1], dict(item[2:]), joining=True)  # type: ignore[arg-type]
            else:
                row.append(item)
    return tuple(row)


def _scripted(tag: str, children: list[ElementTree.Element]) -> Items:
    base, slots = _items(children[0]), SLOTS[tag]
    scripts = {slot: _items(child) for slot, child in zip(slots, children[1:], strict=True)}
    if tag.startswith(("munder", "mover")):
        if not _has_limits(children[0]):
            return (_limits(base, {slot: items for slot, items in scripts.items() if items}),)
        scripts = {AS_SCRIPT[slot]: items for slot, items in scripts.items()}
    scripts = {slot: items for slot, items in scripts.items() if items}
    if not scripts:
        return base
    return (*base[:-1], _with_scripts(base[-1] if base else "", scripts))


def _with_scripts(base: Item, scripts: dict[str, Items], joining: bool = False) -> Item:
    """A symbol with more scripts, merged where their slots are free."""
    if isinstance(base, tuple) and base[0] == "scripts":
        there: dict[str, Items] = dict(base[2:])  # type: ignore[arg-type]
        primes = all(item == "′" for slot in there.keys() & scripts.keys() for item in there[slot] + scripts[slot])
        if joining or primes:
            merged = {slot: there.get(slot, ()) + scripts.get(slot, ()) for slot in {*there, *scripts}}
            return ("scripts", base[1], *sorted(merged.items()))
    return ("scripts", base, *sorted(scripts.items()))


def _limits(base: Items, marks: dict[str, Items]) -> Item:
    """What stands over and under a formula, merged where it was set in two steps."""
    if len(base) == 1 and isinstance(base[0], tuple) and base[0][0] == "limits":
        there: dict[str, Items] = dict(base[0][2:])  # type: ignore[arg-type]
        if not there.keys() & marks.keys():
            return ("limits", base[0][1], *sorted((there | marks).items()))
    return ("limits", base, *sorted(marks.items()))


def _has_limits(node: ElementTree.Element) -> bool:
    while _tag(node) in TRANSPARENT and len(node) == 1:
        node = node[0]
    text = _text(node)
    return _tag(node) in ("mi", "mo") and (text in LARGE or text in LIMIT_NAMES)


def _table(node: ElementTree.Element) -> Items:
    rows = [list(map(_items, list(row)[_tag(row) == "mlabeledtr" :])) for row in node]
    for row in rows:
        while row and not row[-1]:
            row.pop()
    while rows and not rows[-1]:
        rows.pop()
    lines = tuple(_lines(node.get(name, "none")) for name in ("columnlines", "rowlines", "frame"))
    if not any(lines) and len(rows) <= 1 and all(len(row) <= 1 for row in rows):
        return rows[0][0] if rows else ()
    return (("table", lines, tuple(map(tuple, rows))),)


def _lines(attribute: str) -> str:
    """Which lines of a table are drawn; the last value applies to the rest."""
    lines = attribute.split()
    while lines and lines[-1] == "none":
        lines.pop()
    return " ".join(lines)

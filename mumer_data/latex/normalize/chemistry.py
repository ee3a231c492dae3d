"""Chemical formulas of ``\\ce`` -> tokens of a formula, for the simple ones.

Not for bonds, isotopes and texts over arrows: those are refused.
"""

from __future__ import annotations

_ARROWS = (("<=>", "\\rightleftharpoons"), ("<->", "\\leftrightarrow"), ("->", "\\rightarrow"), ("<-", "\\leftarrow"))


def chemical_tokens(tokens: list[str]) -> list[str] | None:
    """The tokens of the formula, ``H2O`` -> ``H _ { 2 } O``; ``None`` where it is more than atoms, charges, arrows."""
    text = "".join(tokens)
    if any(len(token) > 1 for token in tokens):
        return None
    out: list[str] = []
    place = 0
    charged = False  # whether the last thing was a charge
    begins = True  # of a molecule: a number here is a coefficient
    while place < len(text):
        arrow = next(((sign, name) for sign, name in _ARROWS if text.startswith(sign, place)), None)
        if arrow:
            out.append(arrow[1])
            place += len(arrow[0])
            begins = True
            continue
        character = text[place]
        end = place + 1
        if character.isdigit():
            while end < len(text) and text[end].isdigit():
                end += 1
            out += list(text[place:end]) if begins else ["_", "{", *text[place:end], "}"]
        elif character == "^":
            charge, end = _charge(text, place + 1)
            if charge is None:
                return None
            out += ["^", "{", *charge, "}"]
        elif character in "+-":
            ends = end == len(text) or any(text.startswith(sign, end) for sign, _ in _ARROWS) or text[end] == "+"
            ends = ends and not charged
            out += ["^", "{", character, "}"] if ends and not begins else [character]
            begins, charged = not ends, ends
            place = end
            continue
        elif character in "()[]" or character.isupper() or (character.islower() and text[place - 1].isalpha()):
            out.append(character)
        else:
            return None
        begins, charged = begins and character in "([", character == "^"
        place = end
    return out or None


def _charge(text: str, place: int) -> tuple[list[str] | None, int]:
    """The charge after ``^``: ``2+``, ``-`` or a group in braces; and where it ends."""
    if text[place : place + 1] == "{":
        end = text.find("}", place)
        inner = text[place + 1 : end]
        charge = end > 0 and inner and all(character.isdigit() or character in "+-" for character in inner)
        return (list(inner), end + 1) if charge else (None, 0)
    end = place
    while end < len(text) and text[end].isdigit():
        end += 1
    if end < len(text) and text[end] in "+-":
        end += 1
    return (list(text[place:end]), end) if end > place else (None, 0)

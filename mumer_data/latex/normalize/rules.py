"""Reads the table of rules and compiles a preset of it into what `run` needs.

Not for carrying rules out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mumer_data.exceptions import PipelineError

NONE = "none"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table; ``before`` and ``after`` are an example that holds with this rule and ``braces`` alone."""

    name: str
    kind: str
    before: str
    after: str
    why: str
    presets: tuple[str, ...]
    tokens: tuple[str, ...]
    spellings: Mapping[str, str]


@lru_cache(maxsize=1)
def rule_table() -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """All rules in order, and the names of the presets."""
    raw = tomllib.loads((Path(__file__).parent / "rules.toml").read_text(encoding="utf-8"))
    rules = tuple(
        Rule(
            row["name"],
            row["kind"],
            row["before"],
            row["after"],
            row["why"],
            tuple(row["in"]),
            tuple(row.get("tokens", ())),
            row.get("map", {}),
        )
        for row in raw["rule"]
    )
    return rules, (*raw["presets"], NONE)


def chosen_rules(preset: str, switches: Mapping[str, bool] | None = None) -> tuple[Rule, ...]:
    """The rules of a preset, with single rules switched on or off.

    ``braces`` is always among them, but for the preset ``none`` without switches, which leaves a label as it is.

    Raises:
        PipelineError: an unknown preset or rule.
    """
    rules, presets = rule_table()
    if preset not in presets:
        raise PipelineError(f"unknown preset '{preset}': known are {', '.join(presets)}")
    switches = dict(switches or {})
    names = {rule.name for rule in rules}
    if unknown := sorted(set(switches) - names):
        raise PipelineError(f"unknown rule '{unknown[0]}': known are {', '.join(sorted(names))}")
    chosen = [rule for rule in rules if switches.get(rule.name, preset in rule.presets)]
    if chosen and all(rule.kind != "braces" for rule in chosen):
        chosen.append(next(rule for rule in rules if rule.kind == "braces"))
    return tuple(chosen)

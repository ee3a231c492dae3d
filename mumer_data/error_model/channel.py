"""A model of a recogniser's errors: fitted to real predictions, it makes likely wrong predictions of other labels.

Knows labels, not images: what was badly written in one image cannot be told from its label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from mumer_data.alignment.align import align
from mumer_data.alignment.degenerate import degenerate
from mumer_data.alignment.edit_types import relations_of
from mumer_data.alignment.token_roles import TokenRole, is_structure, role_of
from mumer_data.error_model.events import Action, Event, apply_events, closers_of, events_of, is_balanced, scripts_of
from mumer_data.error_model.rates import Choices, Rates

ACTIONS: tuple[Action, ...] = ("replace", "omit", "add", "flatten", "raise", "switch", "shift", "rewrite")
LENGTHS = (4, 8, 16, 32, 64)  # tokens of a label: bounds of the classes within which numbers of events are alike
_TRIES = 20
_BEGIN = "<start>"
Choice = TypeVar("Choice", str, tuple[str, ...])


class Site(NamedTuple):
    """A place where an action can happen; ``keys`` say what it is like, from the exact to the general."""

    at: int
    keys: tuple[str, ...]


@dataclass
class Channel:
    """The fitted model.

    Attributes:
        rates: for each action, where it happens.
        choices: for each action, what comes of it: the new symbol or mark, the added tokens, the length of a stretch.
        rewrites: first token of a stretch -> the stretch and what it becomes, parted by a tab -> how often.
        events: class of a label's length -> number of events in a wrong prediction -> how often.
        spread: of the symbols that a label has more than once and that were misread: at none, some or all other places.
        wrong: predictions that the model was fitted to.
        lost: edits in them that are part of no event it knows.
    """

    rates: dict[str, Rates] = field(default_factory=lambda: {action: Rates() for action in ACTIONS})
    choices: dict[str, Choices] = field(default_factory=lambda: {action: Choices() for action in ACTIONS})
    rewrites: dict[str, Counter[str]] = field(default_factory=dict)
    events: dict[int, Counter[int]] = field(default_factory=dict)
    spread: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    lost: int = 0

    def add(self, label: str, text: str) -> None:
        """Learn from one prediction; a degenerate one teaches nothing."""
        wanted, given = label.split(), text.split()
        if not wanted or (wanted != given and degenerate(wanted, given)):
            return
        sites = {action: list(sites_of(wanted, action)) for action in ACTIONS}
        for action, places in sites.items():
            for site in places:
                self.rates[action].add_site(site.keys)
        if wanted == given:
            return
        found, lost = events_of(align(wanted, given))
        self.wrong += 1
        self.lost += lost
        for event in found:
            self._learn(event, sites)
        groups = {(event.action, event.old, event.new) for event in found}
        self.events.setdefault(_length(wanted), Counter())[len(groups)] += 1
        self._learn_spread(wanted, found)

    def to_json(self) -> dict[str, Any]:
        """All that was learned, as JSON values; `from_json` reads them."""
        return {
            "wrong": self.wrong,
            "lost": self.lost,
            "rates": {name: {"sites": rates.sites, "hits": rates.hits} for name, rates in self.rates.items()},
            "choices": {
                name: [[key, [[list(choice), count] for choice, count in found.items()]] for key, found in known]
                for name, known in ((name, choices.counts.items()) for name, choices in self.choices.items())
            },
            "rewrites": self.rewrites,
            "events": [[length, sorted(counts.items())] for length, counts in sorted(self.events.items())],
            "spread": self.spread,
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Channel:
        """The inverse of `to_json`; raises ``KeyError``, ``TypeError`` or ``ValueError`` on anything else."""
        found = cls(wrong=raw["wrong"], lost=raw["lost"], spread=Counter(raw["spread"]))
        for name in ACTIONS:
            found.rates[name] = Rates(Counter(raw["rates"][name]["sites"]), Counter(raw["rates"][name]["hits"]))
            for key, counts in raw["choices"][name]:
                found.choices[name].counts[key] = Counter({tuple(choice): count for choice, count in counts})
        found.rewrites = {token: Counter(rules) for token, rules in raw["rewrites"].items()}
        found.events = {length: Counter(dict(counts)) for length, counts in raw["events"]}
        return found

    def _learn(self, event: Event, sites: dict[Action, list[Site]]) -> None:
        site = next((site for site in sites[event.action] if site.at == event.at), None)
        if site is None:
            self.lost += max(len(event.old), len(event.new))
            return
        self.rates[event.action].add_hit(site.keys)
        if event.action in ("omit", "raise"):
            self.choices[event.action].add(site.keys, (str(len(event.old)), *event.new))
        elif event.action == "rewrite":
            rule = f"{' '.join(event.old)}\t{' '.join(event.new)}"
            self.rewrites.setdefault(event.old[0], Counter())[rule] += 1
        elif event.action != "flatten":
            self.choices[event.action].add(site.keys, event.new)

    def _learn_spread(self, label: Sequence[str], found: Iterable[Event]) -> None:
        misread = Counter((event.old, event.new) for event in found if event.action == "replace")
        for (old, _), count in misread.items():
            there = label.count(old[0])
            if there > 1:
                self.spread["all" if count == there else "some" if count > 1 else "none"] += 1

    def corrupt(self, label: str, rng: np.random.Generator) -> str | None:
        """A wrong prediction of a label; ``None`` where none comes up in twenty tries.

        Args:
            label: whitespace-tokenised LaTeX, not empty.
            rng: decides everything.
        """
        tokens = label.split()
        places, weights = self._weights(tokens)
        if not places:
            return None
        for _ in range(_TRIES):
            text = apply_events(tokens, self._draw(tokens, places, weights, rng))
            if text and text != tokens and not degenerate(tokens, text):
                return " ".join(text)
        return None

    def _weights(self, tokens: list[str]) -> tuple[list[tuple[Action, Site]], NDArray[np.float64]]:
        """Every action at every site, and how likely it is there."""
        places: list[tuple[Action, Site]] = []
        found: list[float] = []
        for action in ACTIONS:
            rates = self.rates[action]
            for site in sites_of(tokens, action):
                if action == "rewrite" and not self._rules(tokens, site.at):
                    continue
                rate = rates.rate(site.keys)
                if rate:
                    places.append((action, site))
                    found.append(rate)
        weights = np.array(found, np.float64)
        return places, weights / max(weights.sum(), 1e-300)

    def _draw(
        self,
        tokens: list[str],
        places: list[tuple[Action, Site]],
        weights: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> list[Event]:
        known: Counter[int] = self.events.get(_length(tokens), Counter())
        everywhere = sum(self.events.values(), Counter[int]())
        total = sum(everywhere.values())
        numbers = sorted(everywhere)
        shares = np.array([known[number] + 4.0 * everywhere[number] / total for number in numbers])
        count = max(1, int(rng.choice(numbers, p=shares / shares.sum())))
        count = min(count, int(np.count_nonzero(weights)))
        found: list[Event] = []
        for number in rng.choice(len(places), size=count, replace=False, p=weights):
            action, site = places[int(number)]
            event = self._event(tokens, action, site, rng)
            if event is not None:
                found.append(event)
                found += self._repeats(tokens, event, rng)
        return found

    def _event(self, tokens: list[str], action: Action, site: Site, rng: np.random.Generator) -> Event | None:
        at = site.at
        if action == "flatten":
            return Event(action, at, (tokens[at],), ())
        if action == "rewrite":
            old, _, new = _pick(self._rules(tokens, at), rng).partition("\t")
            return Event(action, at, tuple(old.split()), tuple(new.split()))
        weights = self.choices[action].weights(site.keys)
        if action != "add":
            weights.pop((tokens[at],), None)  # no symbol is misread as itself
        if not weights:
            return None
        choice = _pick(weights, rng)
        if action == "shift":
            size = shift_at(tokens, at, int(choice[0]))
            return Event(action, at, ("}",), (str(size),)) if size else None
        if action in ("omit", "raise"):
            stretch = stretch_at(tokens, at, int(choice[0]))
            return Event(action, at, stretch, choice[1:]) if stretch else None
        return Event(action, at, () if action == "add" else (tokens[at],), choice)

    def _rules(self, tokens: list[str], at: int) -> dict[str, float]:
        """The rewrites that fit at a place."""
        return {
            rule: float(count)
            for rule, count in self.rewrites.get(tokens[at], {}).items()
            if tokens[at : at + rule.partition("\t")[0].count(" ") + 1] == rule.partition("\t")[0].split()
        }

    def _repeats(self, tokens: list[str], event: Event, rng: np.random.Generator) -> Iterator[Event]:
        """The same misreading at other places of the same symbol: a writer's hand is the same all over."""
        others = [place for place, token in enumerate(tokens) if (token,) == event.old and place != event.at]
        if event.action != "replace" or not others:
            return
        shares = np.array([self.spread[name] + 1.0 for name in ("none", "some", "all")])
        how = int(rng.choice(3, p=shares / shares.sum()))
        for place in others:
            if how == 2 or (how == 1 and rng.random() < 0.5):
                yield Event("replace", place, event.old, event.new)


def sites_of(tokens: Sequence[str], action: Action) -> Iterator[Site]:
    """Every place where an action can happen, with its keys, e.g. symbol and relation, symbol, class and relation."""
    if action == "add":
        for at in range(len(tokens) + 1):
            before = tokens[at - 1] if at else _BEGIN
            yield Site(at, (before, role_of(before).name if at else _BEGIN, ""))
    elif action in ("flatten", "switch"):
        for at, end in sorted(scripts_of(tokens).items()):
            carrier = role_of(tokens[at - 1]).name if at else _BEGIN
            content = tokens[at + 2] if at + 3 == end else "..."
            yield Site(at, (f"{tokens[at]} {content} on {carrier}", f"{tokens[at]} on {carrier}", tokens[at], ""))
    elif action == "shift":
        for at, owner in sorted(closers_of(tokens).items()):
            after = role_of(tokens[at + 1]).name if at + 1 < len(tokens) else ""
            yield Site(at, (f"{tokens[owner]} before {after}", tokens[owner], role_of(tokens[owner]).name, ""))
    else:
        yield from _symbol_sites(tokens, action)


def _symbol_sites(tokens: Sequence[str], action: Action) -> Iterator[Site]:
    """The sites of what begins at a symbol, or (stretches) at a script or a command with arguments."""
    relations = relations_of(tokens) or {}
    scripts = scripts_of(tokens) if action in ("omit", "rewrite") else {}
    for at, token in enumerate(tokens):
        symbol = not is_structure(token)
        if action == "raise" and not (at and _carries(tokens[at - 1])):
            continue
        if symbol or at in scripts or (action in ("omit", "rewrite") and role_of(token) == TokenRole.CARRIER):
            relation = relations[at][0] if at in relations else "?"
            role = role_of(token).name
            yield Site(at, (f"{token} {relation}", token, f"{role} {relation}", role, ""))


def _carries(token: str) -> bool:
    """Whether a script can stand after a token."""
    return role_of(token) in (TokenRole.LETTER, TokenRole.DIGIT, TokenRole.COMMAND) or token in (")", "]", "}", "|")


def shift_at(tokens: Sequence[str], at: int, size: int) -> int:
    """By how many tokens a closing brace can move, as near as can be to ``size`` and to the same side; 0 for not."""
    wider = size > 0
    best = 0
    for length in range(1, min(2 * abs(size) + 8, len(tokens) - at if wider else at)):
        past = tokens[at + 1 : at + 1 + length] if wider else tokens[at - length : at]
        following = tokens[at + 1 + length] if wider and at + 1 + length < len(tokens) else ""
        head = tokens[at - length - 1] if not wider else ""
        if "}" in past[:1] or not is_balanced(past) or following == "{":
            continue
        if not wider and (head in ("{", "[") or past[0] in ("{", "_", "^")):  # something must stay, with its scripts
            continue
        if not best or abs(length - abs(size)) < abs(best - abs(size)):
            best = length
    return best if wider else -best


def stretch_at(tokens: Sequence[str], at: int, length: int) -> tuple[str, ...]:
    """The balanced stretch that begins at a place and is nearest to a length; empty where there is none.

    A script's stretch is the script; a longer one goes on from there.
    """
    best: tuple[str, ...] = ()
    for end in range(at + 1, min(len(tokens), at + 2 * length + 8) + 1):
        stretch = tuple(tokens[at:end])
        if tokens[end - 1] == "}" and stretch.count("}") > stretch.count("{"):
            break
        following = tokens[end] if end < len(tokens) else ""
        if following == "{" or not is_balanced(stretch):  # an argument is still to come
            continue
        if not best or abs(len(stretch) - length) < abs(len(best) - length):
            best = stretch
    return best


def _pick(weights: Mapping[Choice, float], rng: np.random.Generator) -> Choice:
    names = sorted(weights)
    shares = np.array([weights[name] for name in names])
    return names[int(rng.choice(len(names), p=shares / shares.sum()))]


def _length(tokens: Sequence[str]) -> int:
    """The class of a label's length."""
    return sum(len(tokens) > bound for bound in LENGTHS)


def fit(pairs: Iterable[tuple[str, str]]) -> Channel:
    """The channel of (label, prediction) pairs; right predictions belong in it, they say what is rarely misread."""
    found = Channel()
    for label, text in pairs:
        found.add(label, text)
    return found

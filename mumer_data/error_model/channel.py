"""Noisy-channel model of a recogniser's errors: fitted to predictions, it samples likely wrong predictions of labels.

Conditioned on labels, not on images: how legible one image is cannot be inferred from its label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mumer_data.alignment.align import align
from mumer_data.alignment.degenerate import degenerate
from mumer_data.error_model.events import Action, Event, apply_events, events_of
from mumer_data.error_model.rates import Choices, Rates
from mumer_data.error_model.sites import Site, shift_at, sites_of, stretch_at

ACTIONS: tuple[Action, ...] = ("replace", "omit", "add", "flatten", "raise", "switch", "shift", "rewrite")
LENGTHS = (4, 8, 16, 32, 64)  # tokens of a label: upper bounds of the length classes for numbers of events
_TRIES = 20
Choice = TypeVar("Choice", str, tuple[str, ...])


@dataclass
class Channel:
    """The fitted model.

    Attributes:
        rates: for each action, its probability by site.
        choices: for each action, its outcome: the new symbol or mark, the added tokens, the length of a stretch.
        rewrites: first token of a stretch -> the stretch and its replacement, separated by a tab -> count.
        events: length class of a label -> number of events in a wrong prediction -> count.
        spread: misread symbols that their label has more than once, by whether none, some or all others were misread.
        wrong: wrong predictions that the model was fitted to.
        lost: edits in them that are part of no event.
    """

    rates: dict[str, Rates] = field(default_factory=lambda: {action: Rates() for action in ACTIONS})
    choices: dict[str, Choices] = field(default_factory=lambda: {action: Choices() for action in ACTIONS})
    rewrites: dict[str, Counter[str]] = field(default_factory=dict)
    events: dict[int, Counter[int]] = field(default_factory=dict)
    spread: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    lost: int = 0

    def add(self, label: str, prediction: str) -> None:
        """Fit to one more prediction; a degenerate one is skipped."""
        label_tokens, prediction_tokens = label.split(), prediction.split()
        if not label_tokens or (label_tokens != prediction_tokens and degenerate(label_tokens, prediction_tokens)):
            return
        sites = {action: list(sites_of(label_tokens, action)) for action in ACTIONS}
        for action, possible in sites.items():
            for site in possible:
                self.rates[action].add_site(site.keys)
        if label_tokens == prediction_tokens:
            return
        events, lost = events_of(align(label_tokens, prediction_tokens))
        self.wrong += 1
        self.lost += lost
        for event in events:
            self._learn(event, sites)
        groups = {(event.action, event.old, event.new) for event in events}
        self.events.setdefault(_length(label_tokens), Counter())[len(groups)] += 1
        self._learn_spread(label_tokens, events)

    def to_json(self) -> dict[str, Any]:
        """The fitted model as JSON values; `from_json` reads them."""
        return {
            "wrong": self.wrong,
            "lost": self.lost,
            "rates": {name: {"sites": rates.sites, "hits": rates.hits} for name, rates in self.rates.items()},
            "choices": {
                name: [
                    [key, [[list(choice), count] for choice, count in counts.items()]]
                    for key, counts in choices.counts.items()
                ]
                for name, choices in self.choices.items()
            },
            "rewrites": self.rewrites,
            "events": [[length, sorted(counts.items())] for length, counts in sorted(self.events.items())],
            "spread": self.spread,
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Channel:
        """The inverse of `to_json`; raises ``KeyError``, ``TypeError`` or ``ValueError`` on anything else."""
        channel = cls(wrong=raw["wrong"], lost=raw["lost"], spread=Counter(raw["spread"]))
        for name in ACTIONS:
            channel.rates[name] = Rates(Counter(raw["rates"][name]["sites"]), Counter(raw["rates"][name]["hits"]))
            for key, counts in raw["choices"][name]:
                channel.choices[name].counts[key] = Counter({tuple(choice): count for choice, count in counts})
        channel.rewrites = {token: Counter(rules) for token, rules in raw["rewrites"].items()}
        channel.events = {length: Counter(dict(counts)) for length, counts in raw["events"]}
        return channel

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

    def _learn_spread(self, label: Sequence[str], events: Iterable[Event]) -> None:
        misread = Counter((event.old, event.new) for event in events if event.action == "replace")
        for (old, _), count in misread.items():
            occurrences = label.count(old[0])
            if occurrences > 1:
                self.spread["all" if count == occurrences else "some" if count > 1 else "none"] += 1

    def corrupt(self, label: str, rng: np.random.Generator) -> str | None:
        """Sample a wrong prediction of a label; ``None`` where twenty tries produce none.

        Args:
            label: whitespace-tokenised LaTeX, not empty.
            rng: the only source of randomness.
        """
        tokens = label.split()
        sites, weights = self._weights(tokens)
        if not sites:
            return None
        for _ in range(_TRIES):
            prediction = apply_events(tokens, self._draw(tokens, sites, weights, rng))
            if prediction and prediction != tokens and not degenerate(tokens, prediction):
                return " ".join(prediction)
        return None

    def _weights(self, tokens: list[str]) -> tuple[list[tuple[Action, Site]], NDArray[np.float64]]:
        """Every action at every site, and its probability there, normalised."""
        sites: list[tuple[Action, Site]] = []
        probabilities: list[float] = []
        for action in ACTIONS:
            rates = self.rates[action]
            for site in sites_of(tokens, action):
                if action == "rewrite" and not self._rules(tokens, site.at):
                    continue
                rate = rates.rate(site.keys)
                if rate:
                    sites.append((action, site))
                    probabilities.append(rate)
        weights = np.array(probabilities, np.float64)
        return sites, weights / max(weights.sum(), 1e-300)

    def _draw(
        self,
        tokens: list[str],
        sites: list[tuple[Action, Site]],
        weights: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> list[Event]:
        of_length: Counter[int] = self.events.get(_length(tokens), Counter())
        everywhere = sum(self.events.values(), Counter[int]())
        total = sum(everywhere.values())
        numbers = sorted(everywhere)
        shares = np.array([of_length[number] + 4.0 * everywhere[number] / total for number in numbers])
        count = max(1, int(rng.choice(numbers, p=shares / shares.sum())))
        count = min(count, int(np.count_nonzero(weights)))
        events: list[Event] = []
        for number in rng.choice(len(sites), size=count, replace=False, p=weights):
            action, site = sites[int(number)]
            event = self._event(tokens, action, site, rng)
            if event is not None:
                events.append(event)
                events += self._repeats(tokens, event, rng)
        return events

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
        """The rewrites that match at an index."""
        return {
            rule: float(count)
            for rule, count in self.rewrites.get(tokens[at], {}).items()
            if tokens[at : at + rule.partition("\t")[0].count(" ") + 1] == rule.partition("\t")[0].split()
        }

    def _repeats(self, tokens: list[str], event: Event, rng: np.random.Generator) -> Iterator[Event]:
        """The same misreading of other occurrences of the symbol: one writer writes them alike."""
        others = [index for index, token in enumerate(tokens) if (token,) == event.old and index != event.at]
        if event.action != "replace" or not others:
            return
        shares = np.array([self.spread[name] + 1.0 for name in ("none", "some", "all")])
        how = int(rng.choice(3, p=shares / shares.sum()))
        for index in others:
            if how == 2 or (how == 1 and rng.random() < 0.5):
                yield Event("replace", index, event.old, event.new)


def _pick(weights: Mapping[Choice, float], rng: np.random.Generator) -> Choice:
    names = sorted(weights)
    shares = np.array([weights[name] for name in names])
    return names[int(rng.choice(len(names), p=shares / shares.sum()))]


def _length(tokens: Sequence[str]) -> int:
    """The length class of a label."""
    return sum(len(tokens) > bound for bound in LENGTHS)


def fit(pairs: Iterable[tuple[str, str]]) -> Channel:
    """Fit a channel to (label, prediction) pairs; include correct predictions, they tell what is rarely misread."""
    channel = Channel()
    for label, prediction in pairs:
        channel.add(label, prediction)
    return channel

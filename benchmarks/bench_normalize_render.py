"""Raw formulas and their normalised labels, rendered by MathJax: how many are equal, rejected, changed or broken.

Usage: python benchmarks/bench_normalize_render.py FOLDER [--preset crohme] [--labels FILE ...] [--failures FILE]

FOLDER holds the referee: `npm install --prefix FOLDER mathjax-full katex temml mathjax-node`, and sdists whose
formulas are tried (`pip download --no-deps --no-binary sympy sympy -d FOLDER`). `make bench` takes it from the variable
MUMER_REFEREE. Nothing of it is copied. FILE of `--labels`: one `id<TAB>raw label` per line.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from figures import AbsentError, Data, Figure, at_most, show
from formulas import command_probes, formulas
from mathml_picture import Items, UnrenderableError, names, picture, words

from mumer_data import LatexSyntaxError
from mumer_data.latex.normalize import Normalizer

SAME, REFUSED, CHANGED, BROKEN, UNRENDERABLE = "same", "refused", "changed", "broken", "unrenderable"
BROKEN_SHARE = 0.01
COMMAND = re.compile(r"\\(?:[A-Za-z]+\*?|.)|[\^_&'{}]|[^\x00-\x7f]", re.DOTALL)
DOUBLED = re.compile(r"\\pmb(?![A-Za-z])")  # MathJax sets its symbols twice, one over the other
DOTS = re.compile(r"\\dots[bcimo]?(?![A-Za-z])")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result for one formula: ``detail`` says why it was rejected, or what differs."""

    source: str
    raw: str
    outcome: str
    normalised: str = ""
    detail: str = ""


def referee_folder() -> Path:
    """The folder of the variable MUMER_REFEREE.

    Raises:
        AbsentError: no Node, no such folder, or no MathJax in it.
    """
    if shutil.which("node") is None:
        raise AbsentError("needs Node (`node` on the path)")
    folder = Path(os.environ.get("MUMER_REFEREE", "/nonexistent"))
    if not (folder / "node_modules/mathjax-full").is_dir():
        raise AbsentError("needs MathJax: `npm install --prefix DIR mathjax-full`, and MUMER_REFEREE=DIR")
    return folder


def rendered(sources: Sequence[str], folder: Path) -> list[dict[str, str]]:
    """For each formula ``{"mathml": ...}`` or ``{"error": ...}``."""
    script = Path(__file__).parent / "mathjax_mathml.js"
    lines = "".join(json.dumps(DOUBLED.sub(r"\\boldsymbol", source)) + "\n" for source in sources)
    command = ["node", str(script), str(folder)]
    out = subprocess.run(command, input=lines, capture_output=True, text=True, check=True, encoding="utf-8").stdout
    answers: list[dict[str, str]] = [json.loads(line) for line in out.split("\n") if line]
    if len(answers) != len(sources):
        raise RuntimeError(f"the referee answered {len(answers):,} of {len(sources):,} formulas")
    if sources and all("error" in answer for answer in answers):
        raise RuntimeError(f"the referee renders none of the formulas: {answers[0]['error']}")
    return answers


def verdicts(raw: Mapping[str, str], preset: str, folder: Path) -> list[Verdict]:
    """Judge each formula (formula -> where it comes from) under a preset."""
    normalizer = Normalizer(preset)
    labels: dict[str, str | LatexSyntaxError] = {}
    for formula in raw:
        try:
            labels[formula] = normalizer(formula)
        except LatexSyntaxError as error:
            labels[formula] = error
    sources = list(dict.fromkeys([*raw, *(label for label in labels.values() if isinstance(label, str))]))
    answers = dict(zip(sources, rendered(sources, folder), strict=True))
    return [_verdict(source, formula, labels[formula], answers) for formula, source in raw.items()]


def _verdict(source: str, raw: str, label: str | LatexSyntaxError, answers: Mapping[str, Mapping[str, str]]) -> Verdict:
    """What became of one formula; ``answers`` has what the referee said of each formula and each label."""
    try:
        before = seen(answers[raw], raw)
    except UnrenderableError as error:
        return Verdict(source, raw, UNRENDERABLE, detail=str(error))
    if isinstance(label, LatexSyntaxError):
        return Verdict(source, raw, REFUSED, detail=label.reason)
    try:
        after = seen(answers[label], raw)
    except UnrenderableError as error:
        return Verdict(source, raw, BROKEN, label, str(error))
    detail = difference(before, after) or word_taken(answers[raw]["mathml"], answers[label]["mathml"])
    return Verdict(source, raw, CHANGED if detail else SAME, label, detail)


def seen(answer: Mapping[str, str], raw: str) -> Items:
    """The picture of an answer; where the raw formula leaves the kind of dots to TeX, low and centred ones are one.

    Raises:
        UnrenderableError: the referee cannot render it.
    """
    if "error" in answer:
        raise UnrenderableError(answer["error"])
    return picture(
        answer["mathml"].replace("⋯", "…").replace("&#x22EF;", "…") if DOTS.search(raw) else answer["mathml"]
    )


def difference(before: tuple[object, ...], after: tuple[object, ...]) -> str:
    """The first difference of two pictures; empty if they are equal."""
    if before == after:
        return ""
    for one, other in zip(before, after, strict=False):
        if one != other:
            if isinstance(one, tuple) and isinstance(other, tuple) and one[:1] == other[:1] and len(one) == len(other):
                return difference(one, other)
            return f"{shortened(one)} -> {shortened(other)}"
    return (
        f"{shortened(before[len(after) :])} lost"
        if len(before) > len(after)
        else f"{shortened(after[len(before) :])} added"
    )


def shortened(item: object) -> str:
    text = str(item)
    return text if len(text) <= 100 else f"{text[:100]} ..."


def word_taken(before: str, after: str) -> str:
    """A function name in the label where the raw formula has a longer word."""
    extra = set(names(after)) - set(names(before))
    taken = [(name, word) for word in words(before) for name in sorted(extra) if name in word and name != word]
    return f"the word '{taken[0][1]}' holds the function '{taken[0][0]}'" if taken else ""


def kinds(results: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """Changed and broken formulas by the command whose formulas fail most often."""
    counted = [(verdict, set(COMMAND.findall(verdict.raw))) for verdict in results if verdict.outcome != UNRENDERABLE]
    tried = Counter(token for _, tokens in counted for token in tokens)
    failed = Counter(token for verdict, tokens in counted if verdict.outcome in (CHANGED, BROKEN) for token in tokens)
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict, tokens in counted:
        if verdict.outcome in (CHANGED, BROKEN):
            kind = max(sorted(tokens), key=lambda token: (failed[token] / tried[token], failed[token]), default="")
            groups[f"{verdict.outcome}: {kind}"].append(verdict)
    return dict(sorted(groups.items(), key=lambda entry: -len(entry[1])))


def report(results: Sequence[Verdict]) -> str:
    """All failures, grouped by kind, and the reasons of refusals."""
    lines = []
    for kind, group in kinds(results).items():
        lines.append(f"== {kind} ({len(group)})")
        for verdict in group:
            lines += [
                f"  raw         {verdict.raw!r}  [{verdict.source}]",
                f"  normalised  {verdict.normalised}",
                f"  differs     {verdict.detail}",
                "",
            ]
    reasons = Counter(re.sub(r"'[^']*'", "'…'", verdict.detail) for verdict in results if verdict.outcome == REFUSED)
    lines += ["== refused, by reason", *(f"  {count:6,}  {reason}" for reason, count in reasons.most_common())]
    return "\n".join(lines) + "\n"


def figures(name: str, results: Sequence[Verdict]) -> list[Figure]:
    """Counts of one set of formulas."""
    outcomes = Counter(verdict.outcome for verdict in results)
    count = len(results) - outcomes[UNRENDERABLE]
    every = f"renderable of {len(results):,}"
    return [
        Figure(f"{name}: the same picture", outcomes[SAME], "formulas", every, count),
        Figure(f"{name}: refused", outcomes[REFUSED], "formulas", every, count),
        at_most(f"{name}: silently changed", outcomes[CHANGED], "formulas", 0),
        at_most(f"{name}: no longer renderable", outcomes[BROKEN], "formulas", BROKEN_SHARE * count, "1% of them"),
    ]


def raw_labels(path: Path) -> dict[str, str]:
    """Label -> ``labels`` of a file of tab-separated lines."""
    rows = (line.split("\t", 1) for line in path.read_text(encoding="utf-8").split("\n"))
    return {row[1].strip(): "labels" for row in rows if len(row) == 2 and row[1].strip()}


def spread(raw: Mapping[str, str], count: int) -> dict[str, str]:
    """``count`` formulas in equal steps over all: the first ones alone may be probes that MathJax does not know."""
    rows, few = list(raw.items()), min(count, len(raw))
    return dict(rows[number * len(rows) // few] for number in range(few))


def measure(data: Data) -> list[Figure]:
    """Formulas of packages, each known command, and the raw labels of CROHME, under the preset ``crohme``."""
    folder = referee_folder()
    sets = {"packages": formulas(folder), "commands": dict.fromkeys(command_probes(folder), "commands")}
    if data.has("data/crohme/train/raw_labels.tsv"):
        sets["CROHME"] = raw_labels(data.need("data/crohme/train/raw_labels.tsv"))
    some = {name: spread(raw, data.size(len(raw), 50)) for name, raw in sets.items()}
    return [figure for name, raw in some.items() for figure in figures(name, verdicts(raw, "crohme", folder))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--preset", default="crohme")
    parser.add_argument("--labels", type=Path, nargs="*", default=[])
    parser.add_argument("--failures", type=Path, help="write the failing formulas to this file, grouped by kind.")
    options = parser.parse_args()
    sets = {path.parent.name: raw_labels(path) for path in options.labels}
    sets["packages"] = formulas(options.folder)
    sets["commands"] = dict.fromkeys(command_probes(options.folder), "commands")
    results = {name: verdicts(raw, options.preset, options.folder) for name, raw in sets.items()}
    for name, judged in results.items():
        show(figures(name, judged), f"{name}, preset {options.preset}")
    if options.failures:
        text = "".join(f"#### {name}\n\n{report(judged)}\n" for name, judged in results.items())
        options.failures.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

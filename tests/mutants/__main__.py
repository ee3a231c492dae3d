"""`python -m tests.mutants`: tries the named and the seeded mutations, and writes a page of what survived.

Exit code 1 where a named mutation survives.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.mutants.mutations import choose
from tests.mutants.named import named_mutations
from tests.mutants.run import Result, rooms_of, run_all

ROOT = Path(__file__).parents[2]
PAGE = """# Mutation check

`make mutants` puts single faults into the core packages and runs the tests of each package; a test must fail.
Of {count} mutations (seed {seed}) **{survived}** survived, and {named_survived} of {named} named ones.

## What survived

{survivors}

## What was noticed

{killed}
"""


def main() -> None:
    """Parse the arguments, run, write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=40, help="Seeded mutations (default 40).")
    parser.add_argument("--seed", type=int, default=0, help="Seed of their choice (default 0).")
    parser.add_argument("--jobs", type=int, default=2, help="Copies tested at once (default 2).")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "mutants.md", help="Default docs/mutants.md.")
    options = parser.parse_args()
    named = named_mutations(ROOT)
    seeded = choose(ROOT, rooms_of(ROOT), options.count, options.seed)
    pairs = [*named.items(), *(("", mutation) for mutation in seeded)]
    results = []
    for result in run_all(ROOT, pairs, options.jobs):
        results.append(result)
        print(f"{len(results)}/{len(pairs)} {_line(result)}", flush=True)
    options.out.write_text(_page(results, options.seed), encoding="utf-8")
    if any(result.name and not result.seen_by for result in results):
        sys.exit(1)


def _page(results: list[Result], seed: int) -> str:
    seeded = [result for result in results if not result.name]
    named = [result for result in results if result.name]
    survivors = [result for result in results if not result.seen_by]
    return PAGE.format(
        count=len(seeded),
        seed=seed,
        survived=sum(not result.seen_by for result in seeded),
        named=len(named),
        named_survived=sum(not result.seen_by for result in named),
        survivors=_table(survivors) if survivors else "None.",
        killed=_table([result for result in results if result.seen_by]),
    )


def _table(results: list[Result]) -> str:
    rows = [f"| {_change(result)} | {f'`{result.seen_by}`' if result.seen_by else '-'} |" for result in results]
    return "\n".join(["| mutation | first test that failed |", "| --- | --- |", *rows])


def _change(result: Result) -> str:
    where = f"`{result.mutation.file}:{result.mutation.line}`"
    if result.name:
        return f"{where} {result.name}"
    old, new = (_short(text) for text in (result.mutation.old, result.mutation.new))
    return f"{where} {old} -> {new}"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    cut = flat if len(flat) <= 48 else f"{flat[:45]}..."
    return f"`{cut.replace('|', chr(92) + '|')}`" if cut else "(nothing)"


def _line(result: Result) -> str:
    return f"{_change(result)}: {result.seen_by or 'SURVIVED'}"


if __name__ == "__main__":
    main()

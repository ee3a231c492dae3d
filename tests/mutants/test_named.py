"""The named mutations still apply to the sources of today."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.mutants.named import NAMED, named_mutations

ROOT = Path(__file__).parents[2]


def test_every_named_mutation_applies_and_is_python() -> None:
    mutations = named_mutations(ROOT)
    assert list(mutations) == list(NAMED)
    for mutation in mutations.values():
        text = (ROOT / mutation.file).read_text(encoding="utf-8")
        changed = mutation.applied(text)
        assert changed != text
        ast.parse(changed)

"""Mutations that once survived, each by name: they are tried in every run, beside the seeded ones.

Not for edits that a seed can find.
"""

from __future__ import annotations

from pathlib import Path

from tests.mutants.mutations import Mutation

# name -> (file, text that stands there once, replacement)
NAMED = {
    "the 95% interval becomes a 90% interval": ("mumer_data/metrics/bootstrap.py", "LEVEL = 95", "LEVEL = 90"),
    "the bootstrap is not seeded": (
        "mumer_data/metrics/bootstrap.py",
        "np.random.default_rng([seed, rows])",
        "np.random.default_rng()",
    ),
    "shards are written without content-defined chunking": (
        "mumer_data/shards/writer.py",
        "use_content_defined_chunking=True",
        "use_content_defined_chunking=False",
    ),
    "records imports hub": (
        "mumer_data/records.py",
        "from dataclasses import dataclass\n",
        "from dataclasses import dataclass\n\nimport mumer_data.hub.errors  # noqa: F401\n",
    ),
    "io imports report": (
        "mumer_data/io/atomic.py",
        "import tempfile\n",
        "import tempfile\n\nimport mumer_data.report.plots  # noqa: F401\n",
    ),
    "a function grows beyond the written limit": (
        "mumer_data/seeding.py",
        "    return np.random.default_rng(",
        "    stage = stage\n" * 40 + "    return np.random.default_rng(",
    ),
    "a file grows beyond the written limit": (
        "mumer_data/seeding.py",
        "import hashlib\n",
        "import hashlib\n" + "# a line\n" * 300,
    ),
}


def named_mutations(root: Path) -> dict[str, Mutation]:
    """Name -> mutation; raises ``ValueError`` where the text of one has moved, so that none is lost in silence."""
    edits = {}
    for name, (file, old, new) in NAMED.items():
        text = (root / file).read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise ValueError(f"{file}: {old!r} stands there {text.count(old)} times: adjust tests/mutants/named.py")
        start = text.index(old)
        edits[name] = Mutation(file, text.count("\n", 0, start) + 1, start, start + len(old), old, new)
    return edits

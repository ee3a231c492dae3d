"""The HTML report about a model's errors: one self-contained page.

Figures come from `mumer_data.metrics`, confusions from `mumer_data.alignment`; nothing is judged here.
"""

from __future__ import annotations

from mumer_data.report.page.write import write_report

__all__ = ["write_report"]

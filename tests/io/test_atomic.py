"""Files are written whole, as text that people can read."""

from __future__ import annotations

from pathlib import Path

from mumer_data.io.atomic import write_json


def test_json_keeps_letters_of_other_languages(tmp_path: Path) -> None:
    write_json(tmp_path / "record.json", {"name": "é手"})
    assert (tmp_path / "record.json").read_bytes() == '{\n  "name": "é手"\n}\n'.encode()

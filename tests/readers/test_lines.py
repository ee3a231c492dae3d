"""Lines of a text and values of a JSON array, by byte offset and across the chunks they are read in."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mumer_data.exceptions import SourceError
from mumer_data.readers.lines import JsonArray, Line, lines


@given(st.lists(st.sampled_from([b"", b"a", b"bb\r", b"\r", b"cccc", b"d" * 9]), max_size=12), st.booleans())
def test_lines_are_those_of_a_split_with_long_ones_left_out(parts: list[bytes], ended: bool) -> None:
    data = b"\n".join(parts) + (b"\n" if ended else b"")
    expected, offset = [], 0
    for number, part in enumerate(parts):
        if len(part) > 4:
            expected.append(Line(number, offset, None))
        elif part.strip():
            expected.append(Line(number, offset, part.removesuffix(b"\r")))
        offset += len(part) + 1
    assert list(lines(io.BytesIO(data), max_line=4)) == expected


class TestJsonArray:
    @given(
        st.lists(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5)),
        st.sampled_from([None, 1]),
        st.booleans(),
    )
    def test_it_gives_what_json_gives_from_every_offset(
        self, values: list[object], indent: int | None, ascii_only: bool
    ) -> None:
        text = json.dumps(values, indent=indent, ensure_ascii=ascii_only)
        data = text.encode("utf-8", "surrogatepass")
        if b"\xed" in data:  # a lone surrogate, perhaps: no UTF-8 then
            return
        found = list(JsonArray(io.BytesIO(data), "data"))
        assert [value for _, value in found] == values
        for number, (offset, _) in enumerate(found):
            later = JsonArray(io.BytesIO(data), "data", offset=offset)
            assert [value for _, value in later] == values[number:]

    def test_values_longer_than_a_chunk_and_cut_by_it(self) -> None:
        values = ["é" * n for n in (10, 700_000, 3_000_000, 1)] + list(range(10**6, 10**6 + 200_000))
        data = json.dumps(values, ensure_ascii=False).encode()
        found = list(JsonArray(io.BytesIO(data), "data"))
        assert [value for _, value in found] == values
        assert all(json.loads(data[offset : offset + 7]) == value for offset, value in found[4:])

    def test_the_place_of_an_error_after_many_chunks(self) -> None:
        rows = [json.dumps({"label": "é" * 50})] * 20_000
        data = ("[" + ",\n".join(rows) + ",\n{oops}]").encode()
        with pytest.raises(SourceError, match="line 20001, column 2: Expecting property name"):
            list(JsonArray(io.BytesIO(data), "data"))
        flat = data.replace(b"\n", b" ")
        with pytest.raises(SourceError, match=f"line 1, column {flat.decode().index('oops') + 1}: "):
            list(JsonArray(io.BytesIO(flat), "data"))

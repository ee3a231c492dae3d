"""Archives made to do harm: names and links that lead out, and bombs that unpack to far more than they are."""

from __future__ import annotations

import io
import stat
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest

from mumer_data.exceptions import SourceError
from mumer_data.readers import archives
from mumer_data.readers.files import ArchiveStore, open_store
from tests.readers import pack

MEGABYTE = 1 << 20


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "ALWAYS_ALLOWED", MEGABYTE)


def store_of(path: Path) -> ArchiveStore:
    found = open_store(path)
    assert isinstance(found, ArchiveStore)
    return found


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize("kind", [".zip", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2"])
def test_a_bomb_is_refused_before_it_is_unpacked(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "zeros.png").write_bytes(bytes(8 * MEGABYTE))
    path = pack(tmp_path / "in", tmp_path / f"bomb{kind}")
    assert path.stat().st_size < 8 * MEGABYTE / archives.MAX_RATIO
    spooled: list[io.BytesIO] = []

    class Kept(io.BytesIO):
        """A temporary file that tells how much was written into it."""

        def __init__(self) -> None:
            super().__init__()
            spooled.append(self)

        def close(self) -> None:
            self.size = len(self.getbuffer())

    monkeypatch.setattr(tempfile, "TemporaryFile", Kept)
    with pytest.raises(SourceError, match="looks like a bomb; if they are what you expect, unpack it yourself"):
        open_store(path)
    assert sum(file.size for file in spooled) <= MEGABYTE  # type: ignore[attr-defined]


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize("kind", [".zip", ".tar.gz"])
def test_what_compresses_well_but_is_no_bomb_is_read(kind: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    text = "".join(f"id{number}\tx ^ {{ {number} }}\n" for number in range(80_000)).encode()
    (tmp_path / "in" / "caption.txt").write_bytes(text)
    assert len(text) > MEGABYTE
    with store_of(pack(tmp_path / "in", tmp_path / f"good{kind}")).open("caption.txt") as file:
        assert file.read() == text


def test_small_archives_may_do_as_they_like(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "zeros.png").write_bytes(bytes(8 * MEGABYTE))
    assert store_of(pack(tmp_path / "in", tmp_path / "small.tar.xz")).read("zeros.png") == bytes(8 * MEGABYTE)


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    """Two entries of the directory that point at one member: the trick of the quoted zip bombs."""
    path = tmp_path / "shared.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("a.png", b"abc")
        zipped.writestr("b.png", b"abc")
    data = bytearray(path.read_bytes())
    second = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, second + 42, 0)  # where its header lies: at the first one's
    path.write_bytes(bytes(data))
    with pytest.raises(SourceError, match=r"'a.png' and 'b.png' overlap"):
        open_store(path)


def test_a_member_that_claims_little_and_holds_much_gives_little(tmp_path: Path) -> None:
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("a.png", bytes(MEGABYTE))
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 24, 10)
    path.write_bytes(bytes(data))
    store = store_of(path)
    assert store.size("a.png") == 10
    with pytest.raises(Exception, match="cannot be read"):  # its checksum is that of the rest, too
        store.read("a.png")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_claims_little_is_not_unpacked_in_memory(method: int, tmp_path: Path) -> None:
    """The peak is that of a child process: what zlib, bzip2 and LZMA allocate, tracemalloc does not see."""
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", method) as zipped, zipped.open("a.png", "w", force_zip64=True) as member:
        for _ in range(250):
            member.write(bytes(MEGABYTE))
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 24, 10)
    path.write_bytes(bytes(data))
    code = (
        "import resource, sys; from pathlib import Path; from mumer_data.readers.archives import open_members\n"
        "members = open_members(Path(sys.argv[1]))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for read in (members.load, members.window):\n"
        "    try: read('a.png')\n"
        "    except Exception as error: print(type(error).__name__, file=sys.stderr)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 150_000  # kB; the member holds 250 MB
    assert done.stderr.split() == ["BadZipFile"] * 2


@pytest.mark.parametrize("name", ["../out.png", "a/../../out.png", "/etc/out.png", "..\\out.png", "\\out.png"])
def test_names_that_lead_out_are_no_members(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "slip.zip", "w") as zipped:
        zipped.writestr(name, b"out")
        zipped.writestr("in.png", b"in")
    assert list(store_of(tmp_path / "slip.zip").names()) == ["in.png"]
    with tarfile.open(tmp_path / "slip.tar", "w") as tar:
        for member, text in ((name.replace("\\", "/"), b"out"), ("in.png", b"in")):
            info = tarfile.TarInfo(member)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
    assert list(store_of(tmp_path / "slip.tar").names()) == ["in.png"]


def test_links_and_devices_are_no_members(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with tarfile.open(tmp_path / "links.tar", "w") as tar:
        for number, kind in enumerate((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)):
            info = tarfile.TarInfo(f"link{number}.png")
            info.type, info.linkname = kind, str(tmp_path / "secret")
            tar.addfile(info)
    assert list(store_of(tmp_path / "links.tar").names()) == []
    with zipfile.ZipFile(tmp_path / "links.zip", "w") as zipped:
        info_of_zip = zipfile.ZipInfo("link.png")
        info_of_zip.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(info_of_zip, str(tmp_path / "secret"))
    assert list(store_of(tmp_path / "links.zip").names()) == []

"""Paths of a pipeline file, and images by id in a folder and in every kind of archive."""

from __future__ import annotations

import io
import os
import pickle
import stat
import tarfile
import traceback
import zipfile
from pathlib import Path

import pytest

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.images.check import MAX_BYTES
from mumer_data.readers.files import ArchiveStore, ImageStore, is_archive, open_store
from mumer_data.readers.paths import resolve
from tests.readers import ARCHIVES, pack, picture

CONTAINERS = ("", *ARCHIVES)


def store_of(folder: Path, kind: str) -> ImageStore:
    return open_store(pack(folder, folder.parent / f"packed{kind}") if kind else folder)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "sub").mkdir(parents=True)
    names = ["a.png", "b.JPG", "c.gif", "c.jpeg", "d.PNG", "d.webp", "e.v2.png", "sub/f.Png", "g.Gif"]
    for width, name in enumerate(names, 1):
        (folder / name).write_bytes(picture(width))
    (folder / "notes.txt").write_text("no image")
    (folder / "h.png").mkdir()
    return folder


class TestResolve:
    def test_base_comes_before_the_current_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("base", "here"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "both").touch()
        (tmp_path / "here" / "one").touch()
        monkeypatch.chdir(tmp_path / "here")
        assert resolve("both", tmp_path / "base") == tmp_path / "base" / "both"
        assert resolve("one", tmp_path / "base") == tmp_path / "here" / "one"

    def test_absolute_paths_home_and_variables(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("DATA_ROOT", str(tmp_path))
        (tmp_path / "data").touch()
        for path in (str(tmp_path / "data"), "~/data", "${DATA_ROOT}/data"):
            assert resolve(path, tmp_path / "elsewhere") == tmp_path / "data"

    def test_a_missing_path_names_both_places(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SourceError) as caught:
            resolve("gone", tmp_path / "base")
        assert str(tmp_path / "base" / "gone") in str(caught.value)
        assert str(tmp_path / "gone") in str(caught.value)

    @pytest.mark.parametrize(
        ("path", "message"),
        [
            pytest.param("", "path is empty", id="empty"),
            pytest.param("${MUMER_NO_SUCH}/x", "MUMER_NO_SUCH, which is not set", id="unset-variable"),
            pytest.param("/nowhere/at/all", "'/nowhere/at/all' does not exist", id="absolute"),
            pytest.param("a\0b", "does not exist", id="null-character"),
        ],
    )
    def test_what_cannot_be_resolved(self, path: str, message: str, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=message.replace("$", r"\$")):
            resolve(path, tmp_path)

    @pytest.mark.parametrize(
        "path",
        [
            "${MUMER_TOKEN}",
            "/nowhere/${MUMER_TOKEN}/x",
            "~/${MUMER_TOKEN}",
            "memory://${MUMER_TOKEN}/x",
            "${MUMER_URL}",
        ],
    )
    def test_values_of_variables_are_never_shown(
        self, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MUMER_TOKEN", "hf_geheim")
        monkeypatch.setenv("MUMER_URL", "unknown://user:hf_geheim@host/x")
        with pytest.raises(SourceError) as caught:
            resolve(path, tmp_path)
        assert "geheim" not in "".join(traceback.format_exception(caught.value))
        assert path in str(caught.value)


@pytest.mark.parametrize("kind", CONTAINERS, ids=lambda kind: kind or "folder")
class TestEveryContainer:
    @pytest.mark.parametrize(
        ("image", "name"),
        [
            pytest.param("a", "a.png", id="stem"),
            pytest.param("a.png", "a.png", id="with-suffix"),
            pytest.param("a.PNG", "a.png", id="suffix-in-other-case"),
            pytest.param("./a", "a.png", id="dot-slash"),
            pytest.param("b", "b.JPG", id="upper-case-suffix"),
            pytest.param("b.jpg", "b.JPG", id="lower-id-upper-file"),
            pytest.param("c", "c.jpeg", id="first-in-the-list-of-suffixes"),
            pytest.param("c.gif", "c.gif", id="suffix-decides"),
            pytest.param("d", "d.webp", id="lower-case-first"),
            pytest.param("e.v2", "e.v2.png", id="dot-in-stem"),
            pytest.param("sub/f", "sub/f.Png", id="subfolder"),
            pytest.param("g", "g.Gif", id="mixed-case"),
        ],
    )
    def test_an_id_finds_its_image(self, kind: str, image: str, name: str, images: Path) -> None:
        store = store_of(images, kind)
        assert store.find(image) == name
        assert store.size(name) == (images / name).stat().st_size
        assert store.read(name) == (images / name).read_bytes()

    @pytest.mark.parametrize("image", ["z", "a.gif", "notes", "notes.txt", "h", "sub/a", "x" * 5000, "a\0"])
    def test_an_id_without_image(self, kind: str, image: str, images: Path) -> None:
        with pytest.raises(ImageError, match="no image") as caught:
            store_of(images, kind).find(image)
        assert caught.value.reason == "image_missing"

    @pytest.mark.parametrize("image", ["", "/a", "../source/a", "sub/../../source/a", "..\\source\\a", ".."])
    def test_an_id_that_leads_out(self, kind: str, image: str, images: Path) -> None:
        with pytest.raises(ImageError, match="leads out") as caught:
            store_of(images, kind).find(image)
        assert caught.value.reason == "image_missing"

    def test_a_reference_is_picklable_and_reads(self, kind: str, images: Path) -> None:
        store = store_of(images, kind)
        ref = pickle.loads(pickle.dumps(store.ref("sub/f.Png")))
        assert ref.name == "f.Png"
        assert ref.path == (None if kind else str(images / "sub" / "f.Png"))
        assert ref.read() == (images / "sub" / "f.Png").read_bytes()

    def test_a_name_that_is_gone(self, kind: str, images: Path) -> None:
        store = store_of(images, kind)
        for act in (store.size, store.read):
            with pytest.raises(ImageError) as caught:
                act("gone.png")
            assert caught.value.reason == "image_missing"

    def test_an_image_over_64_mib(self, kind: str, tmp_path: Path) -> None:
        folder = tmp_path / "large"
        folder.mkdir()
        with (folder / "large.png").open("wb") as file:
            file.truncate(MAX_BYTES + 1)
        with pytest.raises(ImageError) as caught:
            store_of(folder, kind).read("large.png")
        assert caught.value.reason == "image_too_large"

    def test_a_store_is_opened_once_until_it_changes(self, kind: str, images: Path) -> None:
        store = store_of(images, kind)
        assert open_store(store.path) is store
        os.utime(store.path, ns=(1, 1))
        assert open_store(store.path) is not store


class TestFolder:
    def test_links_are_followed(self, images: Path, tmp_path: Path) -> None:
        (tmp_path / "outside.png").write_bytes(picture(9))
        (images / "link.png").symlink_to(tmp_path / "outside.png")
        (images / "dangling.png").symlink_to(tmp_path / "gone.png")
        store = open_store(images)
        assert store.read(store.find("link")) == picture(9)
        with pytest.raises(ImageError, match="no image"):
            store.find("dangling")

    def test_a_pipe_is_no_image(self, images: Path) -> None:
        os.mkfifo(images / "pipe.png")
        with pytest.raises(ImageError, match="no image"):
            open_store(images).find("pipe")

    def test_a_folder_named_like_an_archive_is_a_folder(self, tmp_path: Path) -> None:
        folder = tmp_path / "folder.zip"
        folder.mkdir()
        assert not is_archive(folder)
        (folder / "a.png").write_bytes(picture(1))
        assert open_store(folder).find("a") == "a.png"


class TestArchive:
    def test_tar_members_that_are_no_files(self, tmp_path: Path) -> None:
        path = tmp_path / "odd.tar"
        with tarfile.open(path, "w") as tar:
            for kind, name in [
                (tarfile.SYMTYPE, "symbolic.png"),
                (tarfile.LNKTYPE, "hard.png"),
                (tarfile.CHRTYPE, "device.png"),
                (tarfile.FIFOTYPE, "pipe.png"),
                (tarfile.DIRTYPE, "folder.png"),
            ]:
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind, "/etc/hostname"
                tar.addfile(member)
            for name in ("../out.png", "/absolute.png", "./in.png"):
                member = tarfile.TarInfo(name)
                member.size = 3
                tar.addfile(member, io.BytesIO(b"abc"))
        store = open_store(path)
        assert isinstance(store, ArchiveStore)
        assert list(store.names()) == ["in.png"]
        assert store.read("in.png") == b"abc"

    def test_zip_members_that_are_no_files(self, tmp_path: Path) -> None:
        path = tmp_path / "odd.zip"
        with zipfile.ZipFile(path, "w") as zipped:
            link = zipfile.ZipInfo("link.png")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            zipped.writestr(link, "/etc/hostname")
            zipped.writestr("folder.png/", b"")
            zipped.writestr("../out.png", b"abc")
            zipped.writestr("sub\\in.png", b"abc")
        store = open_store(path)
        assert isinstance(store, ArchiveStore)
        assert list(store.names()) == ["sub/in.png"]
        assert store.read("sub/in.png") == b"abc"

    def test_of_two_members_of_one_name_the_later_counts(self, tmp_path: Path) -> None:
        path = tmp_path / "twice.tar"
        with tarfile.open(path, "w") as tar:
            for text in (b"old", b"newer"):
                member = tarfile.TarInfo("a.png")
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text))
        assert open_store(path).read("a.png") == b"newer"

    @pytest.mark.parametrize("kind", ARCHIVES)
    def test_windows_on_one_member_do_not_disturb_each_other(self, kind: str, tmp_path: Path) -> None:
        folder = tmp_path / "text"
        folder.mkdir()
        (folder / "t.txt").write_bytes(b"".join(b"line %d\n" % n for n in range(9000)))
        store = store_of(folder, kind)
        assert isinstance(store, ArchiveStore)
        with store.open("t.txt") as one, store.open("t.txt") as two:
            assert one.readline() == b"line 0\n"
            two.seek(-10, io.SEEK_END)
            assert two.read() == b"line 8999\n"
            assert one.readlines() == [b"line %d\n" % n for n in range(1, 9000)]
            assert two.read() == b""

    @pytest.mark.parametrize("kind", ARCHIVES)
    @pytest.mark.parametrize("content", [b"", b"not an archive" * 100], ids=["empty", "text"])
    def test_what_is_no_archive(self, kind: str, content: bytes, tmp_path: Path) -> None:
        path = tmp_path / f"broken{kind}"
        path.write_bytes(content)
        with pytest.raises(SourceError, match="cannot be read as an archive"):
            open_store(path)

    @pytest.mark.parametrize("kind", ARCHIVES)
    def test_an_archive_cut_short(self, kind: str, images: Path, tmp_path: Path) -> None:
        for number in range(40):
            (images / f"noise{number}.png").write_bytes(os.urandom(2000))
        path = pack(images, tmp_path / f"cut{kind}")
        path.write_bytes(path.read_bytes()[:40_000])
        with pytest.raises(SourceError, match="cannot be read as an archive"):
            open_store(path)

    def test_a_damaged_member_is_unreadable(self, tmp_path: Path) -> None:
        path = tmp_path / "damaged.zip"
        with zipfile.ZipFile(path, "w") as zipped:
            zipped.writestr("a.png", b"abcdefgh")
        path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"abcdefgX"))
        with pytest.raises(ImageError, match=r"'a.png' in .*damaged.zip cannot be read") as caught:
            open_store(path).read("a.png")
        assert caught.value.reason == "image_unreadable"

    def test_a_reference_into_a_deleted_archive(self, images: Path, tmp_path: Path) -> None:
        path = pack(images, tmp_path / "gone.tar")
        ref = open_store(path).ref("a.png")
        path.unlink()
        with pytest.raises(ImageError, match="cannot be opened") as caught:
            ref.read()
        assert caught.value.reason == "image_unreadable"

    def test_other_files_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "images.rar").write_bytes(b"Rar!")
        with pytest.raises(SourceError, match="neither a folder nor one of"):
            open_store(tmp_path / "images.rar")

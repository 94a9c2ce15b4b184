"""Reading files, folders and archives: the same content in each form, and nothing harmful in any."""

import contextlib
import io
import os
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from scripts.samples.pack import pack
from shared.errors import UserError
from shared.files.archive import members, where
from shared.files.inventory import Inventory

FILES = {
    "b/two.txt": b"2" * 512,
    "a.txt": b"one",
    "b/three.TXT": b"",
    "b/picture.png": b"\x89PNG",
    "b/._a.txt": b"fork",
}
TEXT = {name: data for name, data in FILES.items() if name.lower().endswith(".txt") and "._" not in name}
TAR_KINDS = [".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2"]


def entry(
    name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(data), kind, link
    return info, data


def make_tar(path: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> Path:
    kind = {"gz": "gz", "tgz": "gz", "xz": "xz", "txz": "xz", "bz2": "bz2"}.get(
        path.name.rsplit(".", 1)[1], ""
    )
    with tarfile.open(path, f"w:{kind}") as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return path


def make_zip(path: Path, *entries: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, data in entries:
            archive.writestr(info, data)
    return path


def make(path: Path, files: Mapping[str, bytes] = MappingProxyType(FILES)) -> Path:
    """The files as a folder or an archive, by the path's suffix."""
    if path.suffix == ".zip":
        return make_zip(path, *files.items())
    if path.suffix:
        entries = (entry(f"./{name}", data) for name, data in files.items())
        return make_tar(path, entry("b", kind=tarfile.DIRTYPE), *entries)
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["folder", "all.zip", *(f"all{kind}" for kind in TAR_KINDS)])
def test_every_form_gives_the_same_files(tmp_path: Path, name: str) -> None:
    path = make(tmp_path / name)
    texts = list(members(path, (".txt",)))
    assert {m.name: m.data for m in texts} == TEXT
    assert [m.done for m in texts] == sorted(m.done for m in texts)
    assert 0 < texts[-1].done <= 1
    assert len(list(members(path))) == len(FILES) - 1  # no suffix: all but the resource fork


def test_folders_are_read_in_sorted_order_and_files_whatever_their_name(tmp_path: Path) -> None:
    folder = make(tmp_path / "folder")
    assert [m.name for m in members(folder, (".txt",))] == ["a.txt", "b/three.TXT", "b/two.txt"]
    assert [m.name for m in members(folder / "b/picture.png", (".txt",))] == ["picture.png"]


def test_errors_can_name_each_member(tmp_path: Path) -> None:
    folder, archive = make(tmp_path / "folder"), make(tmp_path / "all.zip")
    assert where(archive, "b/two.txt") == f"{archive}!b/two.txt"
    assert where(folder, "b/two.txt") == str(folder / "b/two.txt")
    assert where(folder / "a.txt", "a.txt") == str(folder / "a.txt")


def test_missing_and_empty_paths_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing: no such file"):
        list(members(tmp_path / "nothing"))
    with pytest.raises(UserError, match=r"no file in it that ends in \.sgf"):
        list(members(tmp_path, (".sgf",)))
    with pytest.raises(UserError, match=r"no file in it that ends in \.sgf"):
        list(members(make(tmp_path / "all.zip"), (".sgf",)))
    with pytest.raises(UserError, match="cannot be read"):
        list(members(tmp_path / ("x" * 5000)))
    with pytest.raises(UserError, match="neither a file nor a folder"):
        list(members(Path(os.devnull)))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_are_named(tmp_path: Path) -> None:
    folder = make(tmp_path / "folder")
    (folder / "b").chmod(0)
    with pytest.raises(UserError, match=r"folder/b: cannot be read"):
        list(members(folder))


@pytest.mark.parametrize("name", ["all.zip", *(f"all{kind}" for kind in TAR_KINDS)])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.97])
def test_truncated_archives_are_refused(tmp_path: Path, name: str, share: float) -> None:
    noise = [(f"{i}.txt", os.urandom(2000)) for i in range(40)]
    path = tmp_path / name
    if path.suffix == ".zip":
        make_zip(path, *noise)
    else:
        make_tar(path, *(entry(*file) for file in noise))
    data = path.read_bytes()
    # tar pads its end with up to 10 kB of zeros: cut before them
    path.write_bytes(data[: int(len(data.rstrip(b"\0")) * share)])
    with pytest.raises(UserError, match=r"all.*broken or truncated archive"):
        list(members(path))


def test_tar_cut_between_two_entries_is_refused(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "all.tar", *(entry(f"{i}.txt", bytes(512)) for i in range(4)))
    path.write_bytes(path.read_bytes()[: 2 * 1024])
    with pytest.raises(UserError, match="truncated"):
        list(members(path))


@pytest.mark.parametrize("name", ["all.zip", *(f"all{kind}" for kind in TAR_KINDS)])
def test_damaged_archives_never_crash(tmp_path: Path, name: str) -> None:
    path = make(tmp_path / name)
    data = path.read_bytes()
    for place in range(0, min(len(data), 3000), 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        with contextlib.suppress(UserError):
            list(members(path, (".txt",)))


CLIMBERS = ["../up.txt", "a/../../up.txt", "/etc/up.txt", "..\\up.txt", "\\up.txt", "C:up.txt"]


@pytest.mark.parametrize("name", CLIMBERS)
def test_entries_that_climb_out_are_refused(tmp_path: Path, name: str) -> None:
    for path in (
        make_tar(tmp_path / "a.tar.gz", entry("ok.txt", b"1"), entry(name, b"2")),
        make_zip(tmp_path / "a.zip", ("ok.txt", b"1"), (name, b"2")),
    ):
        with pytest.raises(UserError, match="climbs out"):
            list(members(path))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_tars_are_refused(tmp_path: Path, kind: bytes) -> None:
    path = make_tar(tmp_path / "a.tar", entry("ok.txt", b"1"), entry("x.txt", kind=kind, link="/etc/passwd"))
    with pytest.raises(UserError, match=r"a\.tar!x\.txt: a link or device"):
        list(members(path))


def test_links_and_locked_entries_in_zips_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("x.txt")
    link.external_attr = 0o120777 << 16
    with pytest.raises(UserError, match=r"a\.zip!x\.txt: a link"):
        list(members(make_zip(tmp_path / "a.zip", (link, b"/etc/passwd"))))
    path = make_zip(tmp_path / "b.zip", ("x.txt", b"secret"))
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the entry's header and in the directory at the end
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match="password"):
        list(members(path))


def test_links_in_folders(tmp_path: Path) -> None:
    folder = make(tmp_path / "folder")
    (folder / "good.txt").symlink_to(folder / "a.txt")
    (folder / "circle").symlink_to(folder)
    os.mkfifo(folder / "pipe.txt")
    assert [m.name for m in members(folder, (".txt",))] == ["a.txt", "b/three.TXT", "b/two.txt", "good.txt"]
    (folder / "gone.txt").symlink_to(folder / "nowhere")
    with pytest.raises(UserError, match=r"gone\.txt: cannot be read"):
        list(members(folder, (".txt",)))


def test_limits(tmp_path: Path) -> None:
    big = bytes(200_000)
    tar, packed = (
        make_tar(tmp_path / "a.tar.xz", entry("big.txt", big)),
        make_zip(tmp_path / "a.zip", ("big.txt", big)),
    )
    plain = tmp_path / "big.txt"
    plain.write_bytes(big)
    for path in (tar, packed, plain):
        assert [m.data for m in members(path, member_limit=200_000)] == [big]
        with pytest.raises(UserError, match=r"big\.txt: 200,000 bytes, more than the 199,999"):
            list(members(path, member_limit=199_999))
    for path in (tar, packed):
        with pytest.raises(UserError, match="once unpacked"):
            list(members(path, (".other",), total_limit=199_999))  # skipped entries count


def test_false_claims_of_size_cost_nothing(tmp_path: Path) -> None:
    info = tarfile.TarInfo("huge.txt")
    info.size = 2**30
    pax = tarfile.TarInfo("pax")
    pax.size, pax.type = 2**30, tarfile.XHDTYPE  # tarfile itself would read such a header whole
    for header in (info, pax):
        path = tmp_path / "claim.tar"
        path.write_bytes(header.tobuf() + bytes(1024))
        with pytest.raises(UserError, match="1,073,741,824 bytes"):
            list(members(path))


def test_what_is_packed_is_read_again_and_the_same_entries_give_the_same_file(tmp_path: Path) -> None:
    for name in ("a/one.tar.xz", "two.tar.xz"):
        pack(TEXT.items(), tmp_path / name)
    assert {member.name: member.data for member in members(tmp_path / "two.tar.xz")} == TEXT
    assert (tmp_path / "a/one.tar.xz").read_bytes() == (tmp_path / "two.tar.xz").read_bytes()


@pytest.mark.parametrize("kind", ["", ".zip", ".tar.xz"])
def test_skipped_files_are_counted(kind: str, tmp_path: Path) -> None:
    path = make(tmp_path / f"data{kind}")
    seen = Inventory()
    assert {member.name for member in members(path, (".txt",), seen=seen)} == TEXT.keys()
    assert dict(seen.skipped) == {"of kind .png": 1, "hidden": 1}


@pytest.mark.parametrize("kind", ["", ".zip", ".tar"])
def test_hidden_folders_are_no_data(kind: str, tmp_path: Path) -> None:
    names = ["cat/a.txt", "cat/.ipynb_checkpoints/a.txt", "__MACOSX/cat/a.txt", ".git/x/y.txt", "Thumbs.db"]
    path = make(tmp_path / f"data{kind}", dict.fromkeys(names, b"x"))
    seen = Inventory()
    assert [member.name for member in members(path, seen=seen)] == ["cat/a.txt"]
    assert dict(seen.skipped) == {"hidden": 4}


def test_empty_and_linked_folders_and_special_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "data/empty").mkdir(parents=True)
    (tmp_path / "data/a.txt").write_text("a")
    (tmp_path / "data/linked").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "data/pipe.txt")
    seen = Inventory()
    assert [member.name for member in members(tmp_path / "data", (".txt",), seen=seen)] == ["a.txt"]
    skipped = {"empty folder": 1, "linked folder, not entered": 1, "neither file nor folder": 1}
    assert dict(seen.skipped) == skipped


def test_an_entry_without_a_name_is_skipped(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "data.zip", ("a.txt", b"a"), ("?.txt", b"b"))
    path.write_bytes(path.read_bytes().replace(b"?.txt", b"\0.txt"))  # which zipfile cuts at its NUL
    seen = Inventory()
    assert [member.name for member in members(path, seen=seen)] == ["a.txt"]
    assert dict(seen.skipped) == {"entry without a name": 1}


def test_the_error_of_a_path_without_such_files_lists_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_text("a")
    with pytest.raises(UserError, match=r"no file in it that ends in \.png .*1 of kind \.heic: a\.heic"):
        list(members(tmp_path, (".png",)))


@pytest.mark.parametrize("kind", [".zip", ".tar.xz", ".tar.gz"])
def test_an_archive_that_unpacks_to_far_more_than_its_size_is_refused(kind: str, tmp_path: Path) -> None:
    entries = [(f"{i}.txt", bytes(30 * 2**20)) for i in range(5)]
    path = tmp_path / f"bomb{kind}"
    if kind == ".zip":
        make_zip(path, *entries)
    else:
        make_tar(path, *(entry(name, data) for name, data in entries))
    with pytest.raises(UserError, match="once unpacked"):
        list(members(path))


def test_names_that_are_no_text_are_shown_as_question_marks(tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.txt"))
    file.write_text("a")
    [member] = members(file)
    assert member.name == "??.txt"
    assert where(file, member.name).endswith("/??.txt")


@pytest.mark.parametrize("kind", ["", ".zip", ".tar"])
def test_a_file_that_is_too_large_or_damaged_is_skipped_where_someone_notes_it(
    kind: str, tmp_path: Path
) -> None:
    files = {"a.txt": b"a", "b/large.txt": b"large " * 100, "c.txt": b"c"}
    path = tmp_path / f"data{kind}"
    if kind == ".zip":
        make_zip(path, *files.items(), (zipfile.ZipInfo("stored.txt"), b"x" * 50))
        path.write_bytes(path.read_bytes().replace(b"x" * 50, b"y" * 50))  # another checksum
    else:
        make(path, files)
    if not kind:
        (path / "gone.txt").symlink_to(path / "nowhere")
    with pytest.raises(UserError):
        list(members(path, member_limit=100))
    seen = Inventory()
    assert [member.name for member in members(path, member_limit=100, seen=seen)] == ["a.txt", "c.txt"]
    assert seen.skipped["unreadable"] == (1 if kind == ".tar" else 2)
    assert "b/large.txt (600 bytes, more than the 100 that one file may have)" in seen.summary()[1]

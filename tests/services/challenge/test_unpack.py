import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from isic_cli.errors import DamagedError, LocalError, ResponseError, UnsafeError
from isic_cli.files.place import release
from isic_cli.services.challenge import unpack
from isic_cli.services.challenge.unpack import Unpacking, check_zip
from isic_cli.services.challenge.zips import ArrivingZip
from isic_cli.services.download.part_store import PartStore
from tests.support.challenges import zipped

PICTURE = b"a picture" * 1000


def unpacked(tmp_path: Path, body: bytes, *, keep: bool = True) -> dict[str, bytes]:
    source = tmp_path / "x.zip"
    source.write_bytes(body)
    Unpacking(source, tmp_path / "x", keep=keep).run()
    return files(tmp_path / "x")


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def members(*names: str, **options: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            info = zipfile.ZipInfo(name)
            info.external_attr = options.get("mode", 0o644) << 16
            archive.writestr(info, PICTURE)
    return stream.getvalue()


def deflate64(name: str, body: bytes) -> bytes:
    """A ZIP with one member packed by Deflate64, which the standard library does not write."""
    inflate64 = pytest.importorskip("inflate64")
    packer = inflate64.Deflater()
    packed = packer.deflate(body) + packer.flush()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), packed)
    whole = bytearray(stream.getvalue())
    crc = struct.pack("<III", zlib.crc32(body), len(packed), len(body))
    directory = whole.index(b"PK\x01\x02")
    whole[8:10] = whole[directory + 10 : directory + 12] = b"\x09\0"
    whole[14:26] = whole[directory + 16 : directory + 28] = crc
    return bytes(whole)


def test_the_one_folder_of_a_zip_is_taken_off_and_litter_left_out(tmp_path: Path) -> None:
    body = members("data/b/2.jpg", "data/1.jpg", "__MACOSX/data/._1.jpg", "data/.DS_Store")
    assert unpacked(tmp_path, body) == {"1.jpg": PICTURE, "b/2.jpg": PICTURE}


def test_a_zip_without_a_folder_is_unpacked_as_it_is(tmp_path: Path) -> None:
    assert [*unpacked(tmp_path, members("1.jpg", "b/2.jpg"))] == ["1.jpg", "b/2.jpg"]


def test_deflate64_is_unpacked(tmp_path: Path) -> None:
    assert unpacked(tmp_path, deflate64("1.jpg", PICTURE)) == {"1.jpg": PICTURE}


def test_zip64_is_unpacked(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w") as archive,
        archive.open("1.jpg", "w", force_zip64=True) as one,
    ):
        one.write(PICTURE)
    assert unpacked(tmp_path, stream.getvalue()) == {"1.jpg": PICTURE}


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (members("../1.jpg"), UnsafeError, "could leave the folder"),
        (members("/1.jpg"), UnsafeError, "could leave the folder"),
        (members("a/../../1.jpg"), UnsafeError, "could leave the folder"),
        (members("C:/1.jpg"), UnsafeError, "could leave the folder"),
        (members("con.jpg"), UnsafeError, "could leave the folder"),
        (members("1.jpg", mode=0o120777), UnsafeError, "is a link"),
        (members("1.jpg", "1.JPG"), DamagedError, "two members are called 1.JPG"),
        (members("1.jpg")[:-30], DamagedError, "is cut or damaged"),
        (members("1.jpg")[:4000], DamagedError, "is cut or damaged"),
        (b"<html>log in</html>", ResponseError, "is a web page, not a ZIP"),
        (b"", DamagedError, "is not a ZIP"),
        (members(), DamagedError, "holds nothing"),
    ],
)
def test_a_zip_that_is_cut_or_hostile_is_refused(
    tmp_path: Path, body: bytes, error: type[Exception], words: str
) -> None:
    source = tmp_path / "x.zip"
    source.write_bytes(body)
    with pytest.raises(error, match=words):
        check_zip(source, "x.zip", deep=True)
    assert [*tmp_path.iterdir()] == [source]


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    body = bytearray(members("1.jpg"))
    body[body.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnsafeError, match="is encrypted"):
        unpacked(tmp_path, bytes(body))


def test_a_wrong_crc_leaves_no_file_and_the_members_before_it(tmp_path: Path) -> None:
    body = bytearray(members("1.jpg", "2.jpg"))
    body[body.rindex(b"a picture")] = 65
    with pytest.raises(DamagedError, match=r"x.zip: 2.jpg: the CRC is another one"):
        unpacked(tmp_path, bytes(body))
    assert files(tmp_path / "x") == {"1.jpg": PICTURE}


def test_a_run_that_was_cut_goes_on_and_mends_what_is_not_whole(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "1.jpg").write_bytes(PICTURE)
    os.utime(tmp_path / "x" / "1.jpg", ns=(5, 5))
    (tmp_path / "x" / "2.jpg").write_bytes(PICTURE[:-1] + b"x")
    assert unpacked(tmp_path, members("1.jpg", "2.jpg")) == {"1.jpg": PICTURE, "2.jpg": PICTURE}
    assert (tmp_path / "x" / "1.jpg").stat().st_mtime_ns == 5


def test_a_link_in_the_place_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "b").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeError, match="a link leads out of"):
        unpacked(tmp_path, members("1.jpg", "b/2.jpg"))
    assert [*(tmp_path / "elsewhere").iterdir()] == []


def test_a_zip_that_is_not_kept_gives_its_blocks_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "_BATCH", 1 << 20)
    source = tmp_path / "x.zip"
    pictures = {f"{number}.jpg": os.urandom(1 << 19) for number in range(8)}
    source.write_bytes(zipped("x", pictures, zipfile.ZIP_STORED))
    with source.open("r+b") as file:
        if not release(file.fileno(), 1 << 30, (1 << 30) + 1):
            pytest.skip("this file system has no holes")
    whole = source.stat()
    unpacking = Unpacking(source, tmp_path / "x", keep=False)
    unpacking.run()
    assert files(tmp_path / "x") == pictures
    assert source.stat().st_size == whole.st_size
    assert source.stat().st_blocks < whole.st_blocks // 4
    # A run that was cut here goes on, though the ZIP holds little more than its directory.
    Unpacking(source, tmp_path / "x", keep=False).run()
    assert files(tmp_path / "x") == pictures


def test_members_that_do_not_fit_are_refused_before_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "free_space", lambda _: 17_999)
    source = tmp_path / "x.zip"
    source.write_bytes(zipped("x", {"1.jpg": PICTURE, "2.jpg": PICTURE}))
    unpacking = Unpacking(source, tmp_path / "x", keep=True)
    with pytest.raises(LocalError, match=r"18,000 bytes are needed to unpack and 17,999 are free"):
        unpacking.check_space()


def arrived(body: bytes | bytearray, *, step: int) -> ArrivingZip:
    arriving = ArrivingZip()
    for at in range(0, len(body), step):
        arriving.update(bytes(body[at : at + step]))
    return arriving


@pytest.mark.parametrize("step", [1, 7, 4096, 1 << 20])
def test_every_member_is_proved_while_the_bytes_come_in_any_pieces(step: int) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, method in (("a", 0), ("b", 8), ("c", 12), ("empty", 0), ("last", 8)):
            body = b"" if name == "empty" else PICTURE
            archive.writestr(zipfile.ZipInfo(f"{name}.jpg"), body, compress_type=method)
    proved = arrived(stream.getvalue(), step=step).proved
    crc, none = zlib.crc32(PICTURE), zlib.crc32(b"")
    assert sorted((one.method, one.size, one.crc) for one in proved) == sorted(
        [(0, 9000, crc), (8, 9000, crc), (12, 9000, crc), (0, 0, none), (8, 9000, crc)]
    )


def test_a_member_that_is_damaged_on_the_way_or_in_its_directory_is_no_proved_one(
    tmp_path: Path,
) -> None:
    whole = members("1.jpg", "2.jpg")
    body = bytearray(whole)
    body[body.index(PICTURE) + 100] ^= 1
    source = tmp_path / "x.zip"
    source.write_bytes(body)
    with pytest.raises(DamagedError, match=r"1\.jpg: the CRC is another one"):
        check_zip(source, "x.zip", deep=True, proved=arrived(body, step=1000).proved)

    body = bytearray(whole)
    body[body.index(b"PK\x01\x02") + 16] ^= 1  # the CRC that the directory has
    source.write_bytes(body)
    with pytest.raises(DamagedError, match=r"1\.jpg: the CRC is another one"):
        check_zip(source, "x.zip", deep=True, proved=arrived(body, step=1000).proved)
    source.write_bytes(whole)
    check_zip(source, "x.zip", deep=True, proved=arrived(whole, step=1000).proved)


def test_sizes_behind_a_member_end_the_proof_and_no_error() -> None:
    class Pipe(io.BytesIO):
        def tell(self) -> int:
            raise OSError("a pipe")

    stream = Pipe()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("1.jpg", PICTURE)
    assert arrived(stream.getvalue(), step=1000).proved == set()
    assert arrived(b"no ZIP at all" * 100, step=1000).proved == set()


def test_what_sees_a_file_come_begins_again_with_it_and_goes_on_with_it(tmp_path: Path) -> None:
    body, store = members("1.jpg", "2.jpg"), PartStore(tmp_path)
    store.sweep()
    part, arriving = store.open("x.zip"), ArrivingZip()
    part.observe(arriving)
    part.begin(0, '"old"')
    part.add(members("0.jpg"))
    assert part.resume_point()[0] > 0
    part.begin(0, '"new"')
    part.add(body[:5000])
    size, etag = part.resume_point()
    part.begin(size, etag)
    part.add(body[size:])
    part.land(str(tmp_path / "x.zip"))
    assert arriving.proved == arrived(body, step=len(body)).proved
    assert len(arriving.proved) == 2

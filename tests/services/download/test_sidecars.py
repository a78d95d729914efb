from pathlib import Path

import pytest

from isic_cli.errors import LocalError, NetworkError
from isic_cli.services.download.journal import DownloadJournal, Entry
from isic_cli.services.download.sidecars import Sidecars, write_sidecars


def put(folder: Path, number: int, **fields: object) -> Entry:
    """A file of 5 bytes and its entry."""
    isic_id = f"ISIC_{number:07}"
    path = folder / f"{isic_id}.jpg"
    path.write_bytes(b"12345")
    row = {"isic_id": isic_id, "attribution": "Anonymous", "copyright_license": "CC-0", **fields}
    entry = Entry(
        isic_id, "full", path.name, 5, "ab", path.stat().st_mtime_ns, 3, 2, None, None, row
    )
    with DownloadJournal(folder, writable=True) as journal:
        journal.append(entry)
    return entry


def text_of(name: str) -> str:
    return f"The text of {name}.\n"


def no_text(name: str) -> str:
    raise NetworkError("no answer")


def test_the_three_sidecars_tell_what_is_there(tmp_path: Path) -> None:
    put(tmp_path, 3, attribution="Zürich", copyright_license="CC-BY", sex="male", melanocytic=True)
    put(tmp_path, 1, attribution="Zürich", age_approx=55, diagnosis_1='a "b", c\nd')
    put(tmp_path, 2)
    put(tmp_path, 4, attribution="Imperial College London", mel_ulcer=None)
    assert write_sidecars(tmp_path, text_of) == Sidecars(
        rows=4,
        columns=(
            "isic_id",
            "attribution",
            "copyright_license",
            "age_approx",
            "diagnosis_1",
            "melanocytic",
            "sex",
        ),
        licenses=("CC-0", "CC-BY"),
        missing=(),
    )
    assert (tmp_path / "metadata.csv").read_bytes().decode() == (
        "isic_id,attribution,copyright_license,age_approx,diagnosis_1,melanocytic,sex\n"
        'ISIC_0000001,Zürich,CC-0,55,"a ""b"", c\nd",,\n'
        "ISIC_0000002,Anonymous,CC-0,,,,\n"
        "ISIC_0000003,Zürich,CC-BY,,,True,male\n"
        "ISIC_0000004,Imperial College London,CC-0,,,,\n"
    )
    assert (tmp_path / "attribution.txt").read_text("utf-8") == (
        "Zürich\n\nImperial College London\n\nAnonymous"
    )
    assert (tmp_path / "licenses" / "CC-BY.txt").read_text() == "The text of CC-BY.\n"


def test_a_file_that_is_gone_or_has_another_size_is_not_listed(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        put(tmp_path, number)
    (tmp_path / "ISIC_0000001.jpg").unlink()
    (tmp_path / "ISIC_0000002.jpg").write_bytes(b"123")
    write_sidecars(tmp_path, text_of)
    assert (tmp_path / "metadata.csv").read_text() == (
        "isic_id,attribution,copyright_license\nISIC_0000003,Anonymous,CC-0\n"
    )


def test_an_image_with_both_variants_is_listed_once(tmp_path: Path) -> None:
    entry = put(tmp_path, 1)
    with DownloadJournal(tmp_path, writable=True) as journal:
        journal.append(entry._replace(variant="thumbnail"))
    assert write_sidecars(tmp_path, text_of).rows == 1


def test_an_empty_folder_has_empty_sidecars(tmp_path: Path) -> None:
    assert write_sidecars(tmp_path, no_text).rows == 0
    assert (tmp_path / "metadata.csv").read_text() == "isic_id,attribution,copyright_license\n"
    assert (tmp_path / "attribution.txt").read_text() == ""


def test_writing_the_same_again_leaves_the_files_untouched(tmp_path: Path) -> None:
    put(tmp_path, 1)
    write_sidecars(tmp_path, text_of)

    def state() -> dict[Path, tuple[int, int, int]]:
        found = {path: path.stat() for path in tmp_path.rglob("*.*")}
        return {path: (of.st_ino, of.st_size, of.st_mtime_ns) for path, of in found.items()}

    before = state()
    write_sidecars(tmp_path, no_text)
    assert state() == before


def test_rows_of_the_official_client_are_kept_for_pictures_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text(
        "\ufeffisic_id,attribution,copyright_license,sex,\r\n"
        "ISIC_0000007,MSKCC,CC-BY,female,\r\n"
        "ISIC_0000008,MSKCC,CC-BY,male,\r\n"
        "../../etc/passwd,MSKCC,CC-BY,male,\r\n"
        "ISIC_0000001,somebody else,CC-BY,male,\r\n",
        "utf-8",
        newline="",
    )
    (tmp_path / "ISIC_0000007.JPG").write_bytes(b"picture")
    put(tmp_path, 1)
    for _ in range(2):
        assert write_sidecars(tmp_path, text_of).rows == 2
        assert (tmp_path / "metadata.csv").read_text() == (
            "isic_id,attribution,copyright_license,sex\n"
            "ISIC_0000001,Anonymous,CC-0,\n"
            "ISIC_0000007,MSKCC,CC-BY,female\n"
        )


def test_the_official_layout_of_the_real_folder_comes_out_again(
    shared: Path, tmp_path: Path
) -> None:
    real = shared / "data" / "real"
    for path in real.glob("ISIC_*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "metadata.csv").write_bytes((real / "metadata.csv").read_bytes())
    write_sidecars(tmp_path, text_of)
    header, *rows = (real / "metadata.csv").read_text("utf-8").splitlines()
    assert (tmp_path / "metadata.csv").read_text("utf-8").splitlines() == [header, *sorted(rows)]
    # Its attribution.txt counts the whole download of which the folder is a part.
    names = (tmp_path / "attribution.txt").read_text("utf-8").split("\n\n")
    assert sorted(names) == sorted((real / "attribution.txt").read_text("utf-8").split("\n\n"))
    assert names[-1] == "Anonymous"


def test_a_licence_text_that_can_not_be_had_is_reported_and_asked_for_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(tmp_path, 1)
    put(tmp_path, 2, copyright_license="../../evil")
    result = write_sidecars(tmp_path, no_text)
    assert (result.rows, result.missing) == (2, ("../../evil", "CC-0"))
    assert "the text of the licence CC-0 could not be had: no answer" in caplog.text
    assert write_sidecars(tmp_path, text_of).missing == ("../../evil",)
    assert sorted(path.name for path in (tmp_path / "licenses").iterdir()) == ["CC-0.txt"]


def test_a_disk_that_refuses_leaves_the_old_files(tmp_path: Path) -> None:
    put(tmp_path, 1)
    write_sidecars(tmp_path, text_of)
    put(tmp_path, 2)
    (tmp_path / "attribution.txt").unlink()
    (tmp_path / "attribution.txt").mkdir()
    (tmp_path / "attribution.txt" / "x").write_text("")
    with pytest.raises(LocalError, match=r"attribution\.txt: it is a folder"):
        write_sidecars(tmp_path, text_of)
    assert [path.name for path in tmp_path.glob(".*.tmp")] == []

    def full(name: str) -> str:
        raise LocalError("the disk is full")

    (tmp_path / "attribution.txt" / "x").unlink()
    (tmp_path / "attribution.txt").rmdir()
    (tmp_path / "licenses" / "CC-0.txt").unlink()
    with pytest.raises(LocalError, match="the disk is full"):
        write_sidecars(tmp_path, full)


def test_a_metadata_file_that_is_no_table_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_bytes(b"\xff\xfe\x00binary")
    with pytest.raises(LocalError, match="metadata.csv is not UTF-8 text"):
        write_sidecars(tmp_path, text_of)
    assert (tmp_path / "metadata.csv").read_bytes() == b"\xff\xfe\x00binary"
    (tmp_path / "metadata.csv").unlink()
    (tmp_path / "metadata.csv").mkdir()
    with pytest.raises(LocalError, match="not a regular file"):
        write_sidecars(tmp_path, text_of)

"""Small files that somebody damaged."""

import os
from pathlib import Path

import pytest

from isic_cli.errors import LocalError
from isic_cli.files.load import DataError, load_json, parse_json, parse_toml, read_bytes, read_text


@pytest.mark.parametrize(
    "text",
    ["", "{", "[" * 100_000, "1" * 5_000, b"\xff\xfe", '"\\ud800', "nul"],
    ids=["nothing", "cut", "deep", "digits", "bytes", "escape", "word"],
)
def test_whatever_is_not_json_is_one_error(text: str | bytes) -> None:
    with pytest.raises(DataError):
        parse_json(text)


@pytest.mark.parametrize("text", ["a=" + "[" * 100_000, "a=", "a=1\na=2", "a=\x00"])
def test_whatever_is_not_toml_is_one_error(text: str) -> None:
    with pytest.raises(DataError):
        parse_toml(text)


def test_what_is_right_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('{"a": [1]}')
    assert load_json(tmp_path / "a") == {"a": [1]}
    assert parse_toml("a = 1") == {"a": 1}


def test_absent_large_and_special_files_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "none/none")
    (tmp_path / "large").write_bytes(b"12345")
    assert read_bytes(tmp_path / "large", most=5) == b"12345"
    with pytest.raises(LocalError, match="larger than 4 bytes"):
        read_bytes(tmp_path / "large", most=4)
    os.mkfifo(tmp_path / "fifo")
    for name in ("fifo", "."):
        with pytest.raises(LocalError, match="not a regular file"):
            read_bytes(tmp_path / name)
    with pytest.raises(LocalError, match="File name too long"):
        read_bytes(tmp_path / ("x" * 300))


def test_text_has_no_byte_order_mark_and_is_utf_8(tmp_path: Path) -> None:
    (tmp_path / "marked").write_bytes("\ufeffü".encode())
    assert read_text(tmp_path / "marked") == "ü"
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    with pytest.raises(LocalError, match="latin is not UTF-8: byte 3"):
        read_text(tmp_path / "latin")

"""Readers of what others wrote: whatever it holds, it is read as it stands or refused in words."""

import csv
import io
import json
import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import click
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isic_cli.cli.params import AGE, SIZE
from isic_cli.credentials.login import StoredLogin
from isic_cli.curation.shard import parse_shard
from isic_cli.curation.shares import parse_ratio
from isic_cli.errors import ExitCode, IsicError, QueryError
from isic_cli.files.jsonl import Journal
from isic_cli.index.state import STATE, read_state
from isic_cli.models.locked import read_locked
from isic_cli.pictures.mask import grey_of, inside
from isic_cli.query import (
    And,
    Between,
    EndsWith,
    Exact,
    HasValue,
    Node,
    Or,
    StartsWith,
    Term,
    parse,
)
from isic_cli.query.compose import to_text
from isic_cli.query.tree import joined
from isic_cli.services.dataset.header import LockHeader
from isic_cli.services.dataset.lock import Lock
from isic_cli.services.download.journal import DownloadJournal
from isic_cli.superpixel.codec import encode_png, read_png
from isic_cli.tables.ids import read_ids
from isic_cli.tables.read import RowReader

pytestmark = pytest.mark.slow

settings.register_profile(
    "isic",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
bounded = settings(settings.get_profile("isic"))

#: Text that a cell may hold; what no cell can hold (NUL, half a character) is another test's.
CELLS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\ufeff", exclude_categories=["Cs"]),
    max_size=8,
).filter(lambda cell: not cell.startswith("\t"))
IDS = st.integers(0, 9_999_999).map("ISIC_{:07}".format)
#: Pieces of careless tables.
SCRAPS = st.sampled_from(
    [
        *("ISIC_0000001", "ISIC_0000002", ",", ",", ";", "\t", '"', '""', "\n", "\n", "\r\n", "\r"),
        *(" ", "isic_id", "sex", "a b", "é", "#", "sep=;", "NA", "=1+1", "-1", "1e9"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)


def objects(**sound: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with these keys: each value as it should be, anything else, or not there."""
    parts = {key: st.just(value) | st.just(value) | JSON for key, value in sound.items()}
    return st.fixed_dictionaries({}, optional=parts)


def refused(read: Callable[[], Any]) -> str | None:
    """Read, and return the words of the refusal; None for what was read."""
    try:
        read()
    except IsicError as error:
        words = error.message if error.exit_code != ExitCode.ERROR else ""
    else:
        return None
    assert words.strip()
    return words


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("properties")


@bounded
@given(
    rows=st.lists(st.tuples(IDS, CELLS, CELLS), min_size=1, max_size=8, unique_by=lambda r: r[0]),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n"]),
    whole=st.booleans(),
)
def test_a_written_table_is_read_back_cell_by_cell(
    place: Path, rows: list[tuple[str, str, str]], delimiter: str, encoding: str, end: str, whole: bool
) -> None:  # fmt: skip
    path = place / "t.csv"
    quoting: Literal[0, 1] = csv.QUOTE_ALL if whole else csv.QUOTE_MINIMAL
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting)
        writer.writerows([("isic_id", "note", "site"), *rows])
    read = [row for _, row in RowReader(path)]
    assert [row["isic_id"] for row in read] == [one[0] for one in rows]
    assert [(row["note"], row["site"]) for row in read] == [one[1:] for one in rows]
    assert read_ids(str(path)).ids == tuple(one[0] for one in rows)


@bounded
@given(scraps=st.lists(SCRAPS, max_size=40))
def test_no_row_of_a_careless_table_is_lost_in_silence(place: Path, scraps: list[str]) -> None:
    path = place / "t.csv"
    text = "isic_id,sex\nISIC_0000009,male\n" + "".join(scraps)
    path.write_text(text, "utf-8", newline="")
    read: list[Any] = []
    words = refused(lambda: read.extend(RowReader(path)))
    if words is None:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert len(read) == sum(any(map(str.strip, row)) for row in rows) - 1
        named = {"ISIC_0000001", "ISIC_0000002"} & {row["isic_id"].strip() for _, row in read}
        assert named <= {*read_ids(str(path)).ids}
    else:
        assert str(path) in words


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6
)
ENDS = st.none() | st.integers(-90, 90).map(float)
TERMS = st.builds(
    Term,
    st.just("diagnosis_1"),
    st.one_of(st.builds(Exact, TEXTS), st.builds(StartsWith, TEXTS), st.builds(EndsWith, TEXTS)),
    negated=st.booleans(),
) | st.builds(
    Term,
    st.just("age_approx"),
    st.builds(Between, ENDS, st.integers(0, 90).map(float)) | st.just(HasValue()),
    negated=st.booleans(),
)
TREES = st.recursive(
    TERMS,
    lambda inner: st.builds(
        joined, st.sampled_from([And, Or]), st.lists(inner, min_size=2, max_size=3)
    ),
    max_leaves=6,
)
QUERY_SCRAPS = st.sampled_from(
    [
        *("sex:male", "age_approx:[1 TO 5]", "age_approx:{* TO 1e3}", 'diagnosis_1:"a\\"b"', "é"),
        *("AND", "OR", "(", ")", "-", ":", "*", '"', "[", "]", " TO ", "\\", "sex", "_exists_"),
        *("\0", "9" * 400),
    ]
)


@bounded
@given(tree=TREES, scraps=st.lists(QUERY_SCRAPS, max_size=12), gap=st.sampled_from([" ", ""]))
def test_a_query_is_refused_with_its_place_or_says_the_same_when_written_back(
    tree: Node, scraps: list[str], gap: str
) -> None:
    assert parse(to_text(tree)).tree == tree
    text = gap.join(scraps)
    try:
        query = parse(text)
    except QueryError as error:
        place = error.column
    else:
        place = 0
        assert parse(str(query)).tree == query.tree
    assert 0 <= place <= len(text)


@bounded
@given(
    number=st.integers(1, 10**6),
    unit=st.sampled_from(["", "k", "M", "GiB", "kib", "tb"]),
    text=st.text(max_size=9),
)
def test_a_size_a_span_a_share_and_a_shard_are_numbers_or_refused(number: int, unit: str, text: str) -> None:  # fmt: skip
    scale = {"": 1, "k": 10**3, "M": 10**6, "GiB": 2**30, "kib": 2**10, "tb": 10**12}[unit]
    assert SIZE.convert(f"{number}{unit}", None, None) == number * scale
    assert AGE.convert(f"{number % 999_999}h", None, None) == number % 999_999 * 3600
    for kind in (SIZE, AGE):
        with suppress(click.BadParameter):
            assert 0 <= kind.convert(text, None, None) < math.inf
    part = parse_shard(f"{min(number, 7)}/7", {})
    assert part.number == min(number, 7)
    refused(lambda: parse_shard(text, {}))
    share = number % 99 + 1
    assert sum(parse_ratio(f"{share}:{100 - share}").shares) == pytest.approx(1)
    refused(lambda: parse_ratio(text))


ENTRY = {
    "isic_id": "ISIC_0000001",
    "variant": "full",
    "path": "ISIC_0000001.jpg",
    "size": 5,
    "sha256": "0" * 64,
    "mtime_ns": 1,
    "width": 4,
    "height": 3,
    "etag": None,
    "stated": 5,
    "record": {"isic_id": "ISIC_0000001", "copyright_license": "CC-0"},
}
LOCKED = {
    "isic_id": "ISIC_0000001",
    "path": "ISIC_0000001.jpg",
    "size": 5,
    "sha256": "0" * 64,
    "width": 4,
    "height": 3,
    "copyright_license": "CC-0",
    "attribution": "A",
    "lesion_id": None,
    "patient_id": "IP_1",
    "metadata_sha256": "0" * 64,
}
LOCK_HEADER = LockHeader(
    tool="isic",
    archive="demo",
    time="2026-01-01T00:00:00Z",
    images=1,
    size=5,
    license="CC-0",
    layout="flat",
    variant="full",
    collections=(),
    selections=(),
).to_line()
INDEX = {
    "format": "isic-index",
    "version": 1,
    "archive": "demo",
    "user": "anonymous",
    "as_of": "2026-01-01T00:00:00+00:00",
    "refreshed": "2026-01-01T00:00:00+00:00",
    "source": "api",
    "ordered": True,
    "collections_as_of": None,
    "files": {},
}
LOGIN = {"access_token": "abc", "refresh_token": "def", "expires_at": 5, "scope": "identity"}


@bounded
@given(line=objects(**ENTRY), cut=st.integers(0, 400))
def test_a_journal_gives_entries_of_the_right_kinds_and_none_of_a_damaged_line(
    place: Path, line: dict[str, Any], cut: int
) -> None:
    (place / ".isic").mkdir(exist_ok=True)
    path = place / ".isic" / "journal.jsonl"
    good = json.dumps({**ENTRY, "isic_id": "ISIC_0000002"}) + "\n"
    path.write_text(good + json.dumps(line) + "\n" + good[:cut], "utf-8")
    with DownloadJournal(place, writable=True) as journal:
        entries = list(journal.entries())
    assert "ISIC_0000002" in {entry.isic_id for entry in entries}
    for entry in entries:
        assert {type(entry.path), type(entry.size), type(entry.mtime_ns)} == {str, int}


@bounded
@given(
    line=objects(**LOCKED), index=objects(**INDEX), login=objects(**LOGIN), cut=st.integers(0, 600)
)
def test_state_that_is_damaged_is_refused_or_read_with_the_right_kinds(
    place: Path, line: dict[str, Any], index: dict[str, Any], login: dict[str, Any], cut: int
) -> None:  # fmt: skip
    (place / "isic.lock").write_bytes(LOCK_HEADER + json.dumps(line).encode()[:cut] + b"\n")
    for entry in read_locked(place).values():
        assert {type(entry.path), type(entry.attribution), type(entry.public)} == {str, bool}

    def images() -> None:
        with Lock(place) as lock:
            for image in lock.images():
                assert {type(image.path), type(image.size), type(image.attribution)} == {str, int}

    refused(images)
    (place / STATE).write_text(json.dumps(index)[:cut], "utf-8")
    refused(lambda: read_state(place))
    kept = json.dumps(login)[:cut]
    if refused(lambda: StoredLogin.from_json(kept, "here")) is None:
        read = StoredLogin.from_json(kept, "here")
        assert StoredLogin.from_json(read.to_json(), "there").access_token == read.access_token
        assert isinstance(read.is_expired(0), bool)


@bounded
@given(
    lines=st.lists(st.integers(0, 9), max_size=30), cut=st.integers(0, 400), more=st.integers(0, 9)
)
def test_a_journal_cut_anywhere_has_its_whole_lines_and_takes_more(
    place: Path, lines: list[int], cut: int, more: int
) -> None:
    path = place / "journal.jsonl"
    path.write_bytes(
        b"".join(b'{"key": %d, "at": %d}\n' % (key, at) for at, key in enumerate(lines))[:cut]
    )
    whole = path.read_bytes().count(b"\n")

    def key(line: bytes) -> int | None:
        return int(json.loads(line)["key"])

    with Journal(path, key, writable=True) as journal:
        assert {*journal.known()} == {*lines[:whole]}
        journal.append(more, b'{"key": %d, "at": 99}\n' % more)
    with Journal(path, key, writable=False) as journal:
        assert {*journal.known()} == {*lines[:whole], more}
        assert json.loads(journal.get(more) or b"")["at"] == 99


@bounded
@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    values=st.lists(
        st.sampled_from([0, 1, 255, 256, 65_535, 65_536, 2**24 - 1]), min_size=1, max_size=5
    ),
    at=st.integers(0, 10_000),
    bit=st.integers(0, 7),
    keep=st.integers(0, 10_000),
)
def test_a_superpixel_map_is_read_back_and_a_damaged_one_is_refused_or_whole(
    height: int, width: int, values: list[int], at: int, bit: int, keep: int
) -> None:  # fmt: skip
    labels = np.resize(np.array(values, np.uint32), (height, width))
    data = encode_png(labels)
    assert (read_png(data)[1] == labels).all()
    broken = bytearray(data[: keep % (2 * len(data)) + 1])
    broken[at % len(broken)] ^= 1 << bit
    for fast in (True, False):
        read: list[Any] = []
        words = refused(lambda: read.append(read_png(bytes(broken), fast=fast)))  # noqa: B023 - called at once
        if words is None:
            assert (read[0][1].shape, bool((read[0][1] == labels).all())) == (labels.shape, True)


@bounded
@given(
    shape=st.tuples(st.integers(2, 9), st.integers(2, 9)),
    low=st.integers(0, 254),
    step=st.integers(1, 255),
    seed=st.integers(0, 2**16),
)
def test_the_higher_of_two_values_is_the_lesion(shape: tuple[int, int], low: int, step: int, seed: int) -> None:  # fmt: skip
    from PIL import Image

    high = min(255, low + step)
    is_lesion = np.random.default_rng(seed).random(shape) < 0.5
    is_lesion.flat[0], is_lesion.flat[1] = True, False
    grey = np.where(is_lesion, high, low).astype(np.uint8)
    for mode in ("L", "RGB", "RGBA"):
        buffer = io.BytesIO()
        Image.fromarray(grey).convert(mode).save(buffer, "PNG")
        read = inside(grey_of(buffer.getvalue(), name="m"), name="m")
        assert (read == is_lesion).all()

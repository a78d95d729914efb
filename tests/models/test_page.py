import pytest

from isic_cli.files.load import DataError
from isic_cli.models.image import RemoteFile
from isic_cli.models.page import Page, page_of, read_object, read_objects, read_value

read = page_of(RemoteFile.of)


def test_a_page_holds_its_rows_and_where_the_next_one_is() -> None:
    body = (
        b'{"results": [{"url": "https://a/1.jpg", "size": 5}], "count": 3,'
        b' "next": "https://a/?cursor=2", "previous": null, "more": 1}'
    )
    assert read(body) == Page([RemoteFile("https://a/1.jpg", 5)], 3, "https://a/?cursor=2", None)
    assert read(b'{"results": []}') == Page([])


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[]", "an object is needed, not []"),
        (b"{}", "results: a list is needed, not None"),
        (b'{"results": [], "count": "3"}', "count: int is needed, not '3'"),
        (b'{"results": [], "count": true}', "count: int is needed, not True"),
        (b'{"results": [], "next": 2}', "next: str is needed, not 2"),
        (b'{"results": [{"size": 5}]}', "url: str is needed, not None"),
    ],
)
def test_json_of_another_shape_is_told_apart_from_what_is_not_json(body: bytes, why: str) -> None:
    with pytest.raises(ValueError, match="is needed") as error:
        read(body)
    assert (str(error.value), isinstance(error.value, DataError)) == (why, False)


@pytest.mark.parametrize("body", [b'{"results": [', b"\xff", b'["\\ud83d"]', b"[" * 100_000, b""])
def test_what_is_not_json_is_a_data_error(body: bytes) -> None:
    with pytest.raises(DataError):
        read_value(body)


def test_a_character_that_json_spells_in_two_halves_is_one() -> None:
    assert read_value(b'["\\ud83d\\ude00"]') == ["\N{GRINNING FACE}"]


def test_objects_are_nothing_else() -> None:
    assert read_objects(b'[{"a": 1}]') == [{"a": 1}]
    for body in (b"{}", b"[1]"):
        with pytest.raises(ValueError, match="a list of objects is needed"):
            read_objects(body)
    with pytest.raises(ValueError, match="an object is needed"):
        read_object(b"1")

import tomllib
from typing import Any

from isic_cli.services.build.positions import position_in, positions_of

TEXT = '''\
recipe = 1  # a comment with = and [brackets]
name = "a \\" quote"

[source.first]
search = """
two = "lines"
"""
collections = [
    "one, with a comma",  # and a comment ]
    2,
]
[source.'the second']
ids = ["ISIC_0000001"]
nested = { a = 1, "b c" = [1, { d = 2 }] }

[[exclude]]
missing = ["diagnosis_1"]

[[exclude]]
smaller_than = 450
dotted.key = true
'''


def paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """Every path of a parsed document."""
    found = {path} - {()}
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return found.union(*(paths(below, (*path, step)) for step, below in items))


def test_every_key_and_value_has_its_line_and_column() -> None:
    found = positions_of(TEXT)
    assert set(found) == paths(tomllib.loads(TEXT))
    assert found["recipe",] == (1, 1)
    assert found["source",] == (4, 1)
    assert found["source", "first", "collections", 1] == (10, 5)
    assert found["source", "the second", "ids", 0] == (13, 8)
    assert found["source", "the second", "nested", "b c", 1, "d"] == (14, 33)
    assert found["exclude", 1, "smaller_than"] == (20, 1)
    assert found["exclude", 1, "dotted", "key"] == (21, 8)


def test_what_is_not_there_stands_where_the_table_around_it_does() -> None:
    found = positions_of(TEXT)
    assert position_in(found, ("exclude", 0, "reason")) == (16, 1)
    assert position_in(found, ("split", "ratio")) == (1, 1)

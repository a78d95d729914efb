"""JSON without spaces, whatever encoder the standard library has."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isic_cli.files.compact import compact_encoder

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def plain(value: Any, *, sort_keys: bool) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys)


@given(VALUES, st.booleans())
def test_it_writes_what_the_standard_library_writes(value: Any, sort_keys: bool) -> None:
    assert compact_encoder(sort_keys=sort_keys)(value) == plain(value, sort_keys=sort_keys)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="set is not JSON serializable"):
        compact_encoder()({"a": {1}})


MAKE = json.encoder.c_make_encoder  # type: ignore[attr-defined]


def other(markers: object, *words: object) -> Any:
    """Make one that writes something else; `json` itself, which gives `markers`, gets its own."""
    return MAKE(markers, *words) if markers is not None else lambda _, level: ("other", str(level))


def of_another_form(markers: object, *words: object) -> Any:
    if markers is None:
        raise TypeError("argument 1 must be dict, not None")
    return MAKE(markers, *words)


@pytest.mark.parametrize("made", [None, other, of_another_form])
def test_an_encoder_that_is_not_known_is_not_used(
    monkeypatch: pytest.MonkeyPatch, made: object
) -> None:
    monkeypatch.setattr(json.encoder, "c_make_encoder", made)
    value = {"b": 1, "a": ["é", 0.5]}
    for sort_keys in (False, True):
        assert compact_encoder(sort_keys=sort_keys)(value) == plain(value, sort_keys=sort_keys)


def test_a_library_without_such_an_encoder_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(json.encoder, "c_make_encoder")
    # What `encode` itself asks for; the name is there in every CPython.
    monkeypatch.setattr(json.encoder.JSONEncoder, "encode", lambda _, value: repr(value))
    assert compact_encoder()([1]) == "[1]"


def test_the_encoder_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def counted(*words: object) -> Any:
        made.append(words)
        return MAKE(*words)

    monkeypatch.setattr(json.encoder, "c_make_encoder", counted)
    encode = compact_encoder()
    begun = len(made)
    assert [encode(number) for number in range(3)] == ["0", "1", "2"]
    assert len(made) == begun

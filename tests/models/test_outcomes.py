"""What became of an item: the line of a report, in this process and in another."""

import pickle

from isic_cli.models.outcomes import ITEM_KEYS, Outcome


def test_a_line_has_the_keys_of_the_contract_and_then_its_own() -> None:
    plain = Outcome("ISIC_0000001", "ok", bytes=3)
    assert tuple(plain.line()) == ITEM_KEYS
    assert [value for value in plain.line().values() if value is not None] == [
        "ISIC_0000001",
        "ok",
        3,
    ]
    more = plain._replace(extra={"accession": 7})
    assert more.line() == {**plain.line(), "accession": 7}
    assert plain.line() == Outcome("ISIC_0000001", "ok", bytes=3).line()


def test_an_outcome_comes_back_from_another_process() -> None:
    for outcome in (Outcome("ISIC_0000001", "ok"), Outcome("", "no_id", extra={"row": 3})):
        assert pickle.loads(pickle.dumps(outcome)) == outcome  # noqa: S301 - our own

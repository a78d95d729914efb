from collections.abc import Sequence

import httpx
import pytest

from isic_cli.api.curation import NOT_SHOWN, ListAnswer
from isic_cli.errors import NetworkError, UsageError
from isic_cli.models.collection import Collection
from isic_cli.models.outcomes import Outcome
from isic_cli.models.selection import IdList, Selection
from isic_cli.services.collections.change import MembershipChange, made_by_me
from isic_cli.services.collections.members import NOT_SENT, GroupWrite, Verb
from tests.support.faults import Forever, Script, json_answer, page
from tests.support.opened import opened


def ids(count: int, first: int = 1) -> list[str]:
    return [f"ISIC_{number:07d}" for number in range(first, first + count)]


def test_ids_go_in_groups_of_500_and_come_back_in_their_order() -> None:
    sent: list[int] = []

    def send(group: Sequence[str]) -> ListAnswer:
        sent.append(len(group))
        return ListAnswer(frozenset(reversed(group)), {})

    write = GroupWrite(send, "add")

    assert [outcome.isic_id for outcome in write.run(ids(1201)[::-1])] == ids(1201)[::-1]
    assert (sent, write.requests, write.error) == ([500, 500, 201], 3, None)


def test_each_id_has_the_outcome_that_the_archive_tells() -> None:
    write = GroupWrite(
        lambda _: ListAnswer(frozenset({"a"}), {"b": "private", "d": NOT_SHOWN}), "remove"
    )

    assert list(write.run(["a", "b", "c", "d"])) == [
        Outcome("a", "removed"),
        Outcome("b", "failed", "private"),
        Outcome("c", "failed", "the archive's answer does not mention it"),
        Outcome("d", "not_found", NOT_SHOWN),
    ]


@pytest.mark.parametrize(
    ("verb", "told"),
    [("add", ["already_member", "added"]), ("remove", ["removed", "not_member"])],
)
def test_what_was_so_before_is_told_apart(verb: Verb, told: list[str]) -> None:
    write = GroupWrite(lambda group: ListAnswer(frozenset(group), {}), verb, lambda _: {"a"})

    assert [outcome.status for outcome in write.run(["a", "b"])] == told


def test_a_group_that_fails_ends_the_sending_and_names_every_id() -> None:
    calls = []

    def send(group: Sequence[str]) -> ListAnswer:
        calls.append(group)
        if len(calls) == 2:
            raise NetworkError("no answer in time")
        return ListAnswer(frozenset(group), {})

    write = GroupWrite(send, "add")
    outcomes = list(write.run(ids(1400)))

    assert len(calls) == 2
    assert [outcome.status for outcome in outcomes] == ["added"] * 500 + ["failed"] * 900
    assert [outcomes[500].reason, outcomes[1000].reason] == ["no answer in time", NOT_SENT]
    assert isinstance(write.error, NetworkError)


def test_ids_are_asked_for_only_when_their_group_is_sent() -> None:
    asked = 0

    def source() -> object:
        nonlocal asked
        for isic_id in ids(2000):
            asked += 1
            yield isic_id

    write = GroupWrite(lambda group: ListAnswer(frozenset(group), {}), "add")
    outcomes = write.run(source())  # type: ignore[arg-type]
    next(outcomes)

    assert asked == 500


def test_the_whole_archive_is_never_meant() -> None:
    with (
        opened(Script({})) as api,
        pytest.raises(UsageError, match="no images were selected"),
    ):
        MembershipChange(api, Collection(id=1, name="n"), Selection(), "add")


def test_plain_ids_are_sent_without_looking_them_up() -> None:
    chosen = Selection(
        ids=IdList("-", tuple(ids(5))), exclude=IdList("x", ("ISIC_0000002",)), limit=3
    )
    with opened(Script({})) as api:
        change = MembershipChange(api, Collection(id=1, name="n"), chosen, "add")

        assert list(change.isic_ids()) == ["ISIC_0000001", "ISIC_0000003", "ISIC_0000004"]
        assert change.is_server_side is False


def test_what_is_removed_by_a_search_is_looked_for_among_the_members_only() -> None:
    record = {
        "isic_id": "ISIC_0000001",
        "files": {"full": {"url": "http://127.0.0.1:9000/ISIC_0000001.jpg"}},
    }
    script = Script(
        {
            "GET /api/v2/collections/4/": [Forever(json_answer({"id": 4, "name": "n"}))],
            "GET /api/v2/images/search/": [Forever(page([record], count=1))],
        }
    )
    with opened(script) as api:
        change = MembershipChange(
            api, Collection(id=4, name="n"), Selection(query="sex:male"), "remove"
        )
        assert list(change.isic_ids()) == ["ISIC_0000001"]

    asked = [request.url.params for request in script.requests if "search" in request.url.path]
    assert {(params["query"], params["collections"]) for params in asked} == {("sex:male", "4")}


def test_whose_a_collection_is_can_stay_unknown(caplog: pytest.LogCaptureFixture) -> None:
    def quickfind(request: httpx.Request) -> httpx.Response:
        name = request.url.params["query"]
        found = {
            "mine": [{"url": "/collections/1/", "yours": True, "result_type": "Collection"}],
            "theirs": [{"url": "/collections/2/", "yours": False, "result_type": "Collection"}],
            "hidden": [],
        }[name]
        return json_answer(found)(request)

    script = Script(
        {
            "GET /api/v2/users/me/": [json_answer({"id": 1, "email": "a@example.org"})],
            "GET /api/v2/quickfind/": [Forever(quickfind)],
        }
    )
    listed = [
        Collection(id=number, name=name)
        for number, name in enumerate(("mine", "theirs", "hidden"), 1)
    ]
    with opened(script, token="t") as api:
        assert [one.id for one in made_by_me(api, listed)] == [1]
    assert caplog.messages == ["the archive does not tell whose collection 3 is"]

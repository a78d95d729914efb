"""What the real archive answered to writes, played back to the client."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from isic_cli.api.archive import ArchiveApi
from isic_cli.api.curation import REASONS, ListAnswer
from isic_cli.errors import (
    AuthError,
    IsicError,
    NetworkError,
    NotFoundError,
    RefusedError,
    ResponseError,
    ServerError,
    StateError,
)
from tests.support.faults import Script, body, json_answer, raising, status
from tests.support.opened import opened
from tests.support.recorded import Recording, recordings

ONE = ["ISIC_0000001"]
LOCKED = (StateError, "Collection is locked")
NOT_MINE = (AuthError, "You do not have permission to add images to this collection.")

Call = Callable[[ArchiveApi], object]
Refusal = tuple[type[IsicError], str]


def add(number: int, ids: list[str] = ONE) -> Call:
    return lambda api: api.add_images(number, ids)


def create(name: str, ids: list[str] = ONE) -> Call:
    return lambda api: api.create_collection(name, ids)


def upload(field_value: str, cohort: int = 1, **metadata: Any) -> Call:
    return lambda api: api.create_accession(cohort, field_value, metadata=metadata)


#: Each refused write: how the client asks for it, and the error that it becomes.
REFUSED: dict[str, tuple[Call, Refusal]] = {
    "121-list-add-anon": (add(19), (AuthError, "a login is needed")),
    "122-list-add-public-collection-anon": (add(20), (AuthError, "a login is needed")),
    "128-list-add-501-ids": (add(19, ONE * 501), (RefusedError, "at most 500 items")),
    "129-list-add-bad-pattern": (
        add(19, ["foo"]),
        (RefusedError, "body.payload.isic_ids.0: String should match pattern"),
    ),
    "131-list-add-not-owner": (add(3), NOT_MINE),
    "132-list-add-invisible": (add(6), (NotFoundError, "no collection 6")),
    "133-list-add-shared-grantee": (add(11), NOT_MINE),
    "134-list-add-locked": (add(7), LOCKED),
    "135-list-add-locked-and-not-owner": (add(1), NOT_MINE),
    "136-list-add-missing-collection": (add(99999), (NotFoundError, "no collection 99999")),
    "143-list-remove-locked": (lambda api: api.remove_images(7, ["ISIC_0000301"]), LOCKED),
    "144-list-remove-not-owner": (lambda api: api.remove_images(3, ["ISIC_0000181"]), NOT_MINE),
    "149-search-populate-bad-query-public": (
        lambda api: api.add_search(20, "nonsense:"),
        (ServerError, "500 Internal Server Error"),
    ),
    "150-search-populate-private-into-public": (
        lambda api: api.add_search(20, "public:false"),
        (StateError, "Collection is public and cannot contain private images."),
    ),
    "151-search-populate-locked": (lambda api: api.add_search(7, "sex:male"), LOCKED),
    "152-search-populate-not-owner": (lambda api: api.add_search(3, "sex:male"), NOT_MINE),
    "159-create-from-ids-dup-name": (
        create("Created by API – ü"),
        (RefusedError, "Collection with this Creator and Name already exists."),
    ),
    "161-create-from-ids-long-name": (
        create("x" * 201),
        (RefusedError, "Ensure this value has at most 200 characters (it has 201)."),
    ),
    "162-create-from-ids-empty-name": (create(""), (RefusedError, "This field cannot be blank.")),
    "163-create-from-ids-no-ids": (create("n2", []), (RefusedError, "at least 1 item")),
    "164-create-from-ids-anon": (create("n3"), (AuthError, "a login is needed")),
    "165-collection-delete-not-owner": (
        lambda api: api.delete_collection(3),
        (AuthError, "You do not have permission to delete this collection."),
    ),
    "166-collection-delete-invisible": (
        lambda api: api.delete_collection(6),
        (NotFoundError, "no collection 6"),
    ),
    "167-collection-delete-locked": (
        lambda api: api.delete_collection(7),
        (StateError, "Can't modify the collection, it's locked."),
    ),
    "168-collection-delete-with-study": (
        lambda api: api.delete_collection(6),
        (StateError, "Collections with derived studies cannot be deleted."),
    ),
    "169-collection-delete-with-doi": (
        lambda api: api.delete_collection(1),
        (StateError, "Can't modify the collection, it's locked."),
    ),
    "171-collection-delete-anon": (
        lambda api: api.delete_collection(20),
        (AuthError, "a login is needed"),
    ),
    "191-accession-create-not-mine": (
        upload("x"),
        (AuthError, "You do not have permission to add accessions to this cohort."),
    ),
    "192-accession-create-bad-metadata": (
        upload("x", age="abc", sex="x"),
        (RefusedError, "Invalid metadata. (age: Input should be a valid integer"),
    ),
    "194-accession-create-same-blob": (
        upload("x"),
        (RefusedError, "An accession with this name already exists."),
    ),
    "195-accession-create-bad-blob": (upload("n"), (RefusedError, "Invalid S3 file field value.")),
    "196-accession-create-missing-cohort": (
        upload("n", cohort=999),
        (RefusedError, "Invalid S3 file field value."),
    ),
}

#: Each write that the archive accepted, and what the client makes of the answer.
DONE: dict[str, tuple[Call, object]] = {
    "123-list-add-ok": (
        add(19),
        ListAnswer(
            frozenset({"ISIC_0000001", "ISIC_0000002", "ISIC_0900001"}),
            dict.fromkeys(["ISIC_9999999", "ISIC_0900033"], REASONS["no_perms_or_does_not_exist"]),
        ),
    ),
    "124-list-add-again": (add(19), ListAnswer(frozenset(ONE), {})),
    "125-list-add-private-into-public": (
        add(20),
        ListAnswer(
            frozenset(ONE), {"ISIC_0900001": REASONS["private_image_public_collection"]}
        ),
    ),
    "126-list-add-empty": (add(19, []), ListAnswer(frozenset(), {})),
    "130-list-add-unanchored-pattern": (
        add(19, ["xxISIC_00000011yy"]),
        ListAnswer(
            frozenset(), {"xxISIC_00000011yy": REASONS["no_perms_or_does_not_exist"]}
        ),
    ),
    "142-list-remove-ok": (
        lambda api: api.remove_images(19, ["ISIC_0000001", "ISIC_0000570", "ISIC_9999999"]),
        ListAnswer(
            frozenset({"ISIC_0000001", "ISIC_0000570"}),
            {"ISIC_9999999": REASONS["no_perms_or_does_not_exist"]},
        ),
    ),
    "145-search-populate-ok": (lambda api: api.add_search(19, "isic_id:ISIC_000055*"), None),
    "146-search-populate-collections-list": (
        lambda api: api.add_search(19, "", collections=[16]),
        None,
    ),
    "148-search-populate-bad-query": (lambda api: api.add_search(19, "nonsense:"), None),
    "158-create-from-ids": (create("Created by API – ü"), 21),
    "160-create-from-ids-pinned-name": (create("Challenge 2024: Training"), 22),
    "170-collection-delete-ok": (lambda api: api.delete_collection(21), None),
    "193-accession-create": (upload("x", age=50, sex="male", custom="value"), 645),
}  # fmt: skip


class Playing(httpx.BaseTransport):
    """Plays one recording and keeps what was asked."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.bodies: list[Any] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == (self.recording.method, self.recording.path)
        self.bodies.append(json.loads(request.read() or b"null"))
        return self.recording.played()


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_write_is_one_error_in_the_archives_words(contract: Path, name: str) -> None:
    call, (kind, words) = REFUSED[name]
    playing = Playing(recordings(contract / "http")[name])

    with opened(playing, sleep=lambda _: None) as api, pytest.raises(IsicError) as caught:
        call(api)

    assert (type(caught.value), words in caught.value.message) == (kind, True), caught.value
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", DONE)
def test_an_accepted_write_tells_what_became_of_it(contract: Path, name: str) -> None:
    call, outcome = DONE[name]

    with opened(Playing(recordings(contract / "http")[name])) as api:
        assert call(api) == outcome


def test_the_client_sends_what_was_recorded(contract: Path) -> None:
    recorded = recordings(contract / "http")
    pairs = json.loads(
        (contract / "http" / "146-search-populate-collections-list.json").read_text()
    )
    playing = Playing(recorded["146-search-populate-collections-list"])

    with opened(playing) as api:
        api.add_search(19, "", collections=[16])

    assert playing.bodies == [pairs["request"]["body"]]


def test_adding_is_tried_again_since_it_may_be_sent_twice() -> None:
    route = "POST /api/v2/collections/4/populate-from-list/"
    script = Script(
        {route: [raising(httpx.ReadTimeout), status(502), json_answer({"succeeded": ONE})]}
    )
    naps: list[float] = []

    with opened(script, sleep=naps.append) as api:
        assert api.add_images(4, ONE) == ListAnswer(frozenset(ONE), {})
    assert (len(script.asked), len(naps)) == (3, 2)


def test_making_a_collection_is_not_tried_again_once_it_was_sent() -> None:
    script = Script(
        {"POST /api/v2/collections/create-from-isic-ids/": [raising(httpx.ReadTimeout)]}
    )

    with opened(script) as api, pytest.raises(NetworkError, match="no answer in time"):
        api.create_collection("n", ONE)


def test_an_upload_goes_in_parts_without_a_credential_and_is_joined() -> None:
    host = "http://127.0.0.1:9000"
    begun = {
        "object_key": "k/a.jpg",
        "upload_id": "u",
        "upload_signature": "s",
        "parts": [
            {"part_number": 1, "size": 3, "upload_url": f"{host}/k/a.jpg?partNumber=1"},
            {"part_number": 2, "size": 2, "upload_url": f"{host}/k/a.jpg?partNumber=2"},
        ],
    }
    script = Script(
        {
            "POST /api/v2/s3-upload/upload-initialize/": [json_answer(begun)],
            "PUT /k/a.jpg": [
                body(b"", ETag='"one"'),
                raising(httpx.WriteError),
                status(503),
                body(b"", ETag='"two"'),
            ],
            "POST /api/v2/s3-upload/upload-complete/": [
                json_answer({"complete_url": f"{host}/k/a.jpg?uploadId=u", "body": "<xml/>"})
            ],
            "POST /k/a.jpg": [body(b"<CompleteMultipartUploadResult/>")],
            "POST /api/v2/s3-upload/finalize/": [json_answer({"field_value": "f"})],
        }
    )

    with opened(script, token="secret", sleep=lambda _: None) as api:
        upload = api.begin_upload("a.jpg", 5, "image/jpeg")
        sent = [api.send_part(part, lambda: [b"x" * part.size]) for part in upload.parts]  # noqa: B023 - called at once
        assert api.finish_upload(upload, sent) == "f"

    away = [request for request in script.requests if request.url.port == 9000]
    assert len(away) == 5
    assert {request.headers.get("authorization") for request in away} == {None}
    assert [request.headers["content-length"] for request in away] == ["3", "2", "2", "2", "6"]
    completed = json.loads(script.requests[5].content)
    assert completed["parts"] == [
        {"part_number": 1, "size": 3, "etag": '"one"'},
        {"part_number": 2, "size": 2, "etag": '"two"'},
    ]


def test_parts_that_cannot_be_joined_are_an_error_though_the_answer_is_200() -> None:
    host = "http://127.0.0.1:9000"
    upload = {"object_key": "k", "upload_id": "u", "upload_signature": "s", "parts": []}
    script = Script(
        {
            "POST /api/v2/s3-upload/upload-initialize/": [json_answer(upload)],
            "POST /api/v2/s3-upload/upload-complete/": [
                json_answer({"complete_url": f"{host}/k", "body": "<xml/>"})
            ],
            "POST /k": [body(b"<Error><Code>InternalError</Code></Error>")],
        }
    )

    with opened(script) as api, pytest.raises(NetworkError, match="could not be joined"):
        api.finish_upload(api.begin_upload("a.jpg", 5, "image/jpeg"), [])


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (add(20), "POST /api/v2/collections/20/populate-from-list/"),
        (create("x"), "POST /api/v2/collections/create-from-isic-ids/"),
        (upload("f"), "POST /api/v2/accessions/"),
        (lambda api: api.begin_upload("a", 5, "image/png"), "POST /api/v2/s3-upload/upload-initialize/"),
    ],
)  # fmt: skip
def test_a_write_whose_answer_is_broken_json_is_an_error_with_a_sentence(
    call: Call, path: str
) -> None:
    script = Script({path: [body(b'{"id": ', Content_Type="application/json")] * 6})
    with opened(script) as api, pytest.raises(ResponseError, match="JSON is cut or damaged"):
        call(api)


def test_a_part_without_a_tag_is_not_taken_for_sent() -> None:
    begun = {
        "object_key": "k",
        "upload_id": "u",
        "upload_signature": "s",
        "parts": [{"part_number": 1, "size": 1, "upload_url": "http://127.0.0.1:9000/k"}],
    }
    script = Script(
        {
            "POST /api/v2/s3-upload/upload-initialize/": [json_answer(begun)],
            "PUT /k": [body(b"")],
        }
    )

    with opened(script) as api, pytest.raises(ResponseError, match="gave no tag"):
        api.send_part(api.begin_upload("a.jpg", 1, "image/jpeg").parts[0], lambda: [b"x"])


@pytest.mark.parametrize(
    ("found", "mine"),
    [
        ([{"url": "/collections/4/", "yours": True, "result_type": "Collection"}], True),
        ([{"url": "/collections/4/", "yours": False, "result_type": "Collection"}], False),
        ([{"url": "/collections/5/", "yours": True, "result_type": "Collection"}], None),
        ([], None),
    ],
)
def test_the_quick_search_tells_whose_a_collection_is(found: list[Any], mine: bool | None) -> None:
    with opened(Script({"GET /api/v2/quickfind/": [json_answer(found)]})) as api:
        assert api.is_mine(4, "Nevi") is mine


def test_a_name_too_short_for_the_quick_search_is_not_asked_for() -> None:
    with opened(Script({})) as api:
        assert api.is_mine(4, "ab ") is None

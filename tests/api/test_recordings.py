"""What the real archive answered, played back: every endpoint and every shape of error."""

from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from isic_cli.api.archive import ArchiveApi
from isic_cli.errors import (
    AuthError,
    IsicError,
    NotFoundError,
    RefusedError,
    ResponseError,
    ServerError,
)
from isic_cli.models.image import Described
from isic_cli.models.page import Page
from tests.support.faults import Forever, Script, json_answer
from tests.support.opened import opened
from tests.support.recorded import Recorded, recordings

UNPARSED = "Could not parse search query."
NO_INT = "Input should be a valid integer, unable to parse string as an integer"

#: Every GET of images, collections, lesions, licences and users, and the general error shapes;
#: with the error that each must become and the words that must be in its message.
RAW: dict[str, tuple[type[IsicError] | None, str]] = {
    "001-images-list-first-page": (None, ""),
    "002-images-list-100-default": (None, ""),
    "003-images-list-second-page": (None, ""),
    "004-images-list-limit-0": (None, ""),
    "005-images-list-limit-1000": (None, ""),
    "006-images-list-limit-negative": (None, ""),
    "007-images-list-limit-text": (RefusedError, f"query.limit: {NO_INT}"),
    "008-images-list-bad-cursor": (RefusedError, "query.cursor: Value error, Invalid cursor."),
    "009-images-list-bad-cursor-date": (
        RefusedError,
        "query.cursor: Value error, Invalid cursor.",
    ),
    "010-images-list-pin-sort": (None, ""),
    "012-images-search-query": (None, ""),
    "013-images-search-collections": (None, ""),
    "014-images-search-unknown-collection": (None, ""),
    "015-images-search-collections-invalid": (RefusedError, "query.collections: Value error, "),
    "016-images-search-bad-query": (RefusedError, UNPARSED),
    "017-images-search-removed-field": (RefusedError, UNPARSED),
    "018-images-search-500": (ServerError, "500 Internal Server Error"),
    "019-images-search-private-owner": (None, ""),
    "020-images-search-size": (None, ""),
    "021-images-search-size-bad-query": (RefusedError, UNPARSED),
    "022-images-facets": (None, ""),
    "023-image-detail-public": (None, ""),
    "024-image-detail-pipeline-size": (None, ""),
    "025-image-detail-rcm-tif": (None, ""),
    "026-image-detail-private-anon": (NotFoundError, "not found"),
    "027-image-detail-private-owner": (None, ""),
    "028-image-detail-bad-id": (NotFoundError, "not found"),
    "030-image-similar-anon": (AuthError, "login"),
    "031-image-similar": (None, ""),
    "032-image-similar-no-embedding": (None, ""),
    "033-image-similar-limit-51": (RefusedError, "query.limit: Input should be less than or equal"),
    "034-collections-list": (None, ""),
    "035-collections-list-pinned-name": (None, ""),
    "036-collections-list-owner-duplicates": (None, ""),
    "037-collections-list-bad-sort": (RefusedError, "query.sort: Input should be 'name' or 'cre"),
    "038-collection-detail-doi": (None, ""),
    "039-collection-detail-missing": (NotFoundError, "not found"),
    "040-collection-detail-private-anon": (NotFoundError, "not found"),
    "041-collection-detail-nonint": (RefusedError, f"path.id: {NO_INT}"),
    "042-collection-attribution": (None, ""),
    "043-collection-autocomplete": (None, ""),
    "044-collection-autocomplete-short": (RefusedError, "query.query: Value error, Query too short"),
    "047-lesions-list": (None, ""),
    "048-lesions-list-100": (None, ""),
    "049-lesion-detail": (None, ""),
    "050-lesion-detail-mixed-anon": (NotFoundError, "not found"),
    "051-lesion-detail-mixed-owner": (None, ""),
    "052-lesion-detail-missing": (NotFoundError, "not found"),
    "053-users-me": (None, ""),
    "054-users-me-anon": (AuthError, "login"),
    "094-zip-license-file": (None, ""),
    "095-zip-license-file-unknown": (NotFoundError, "not found"),
    "097-web-collection-metadata-public": (None, ""),
    "104-api-unknown-path": (NotFoundError, "not found"),
    "106-api-head": (RefusedError, "405 Method Not Allowed"),
    "107-api-options": (RefusedError, "Method not allowed"),
}  # fmt: skip


@pytest.fixture
def http(contract: Path) -> Path:
    return contract / "http"


@pytest.fixture
def play(http: Path) -> Callable[[str], ArchiveApi]:
    """Open the recorded archive as one of its users; only *normal* has a recorded profile."""
    profile = {"/api/v2/users/me/": [Forever(json_answer({"id": 2, "email": "o@example.com"}))]}

    def play(user: str) -> ArchiveApi:
        recorded = Recorded(http)
        known = user in {"", "normal"}
        transport = recorded if known else Script(profile, fallback=recorded)
        return opened(transport, token=user or None, retries=0)

    return play


@pytest.mark.parametrize("name", RAW)
def test_a_raw_call_gives_what_was_recorded(
    name: str, http: Path, play: Callable[[str], ArchiveApi]
) -> None:
    recording = recordings(http)[name]
    kind, words = RAW[name]
    with play(recording.user) as api:
        answer = api.raw(recording.method, recording.path, params=recording.query)
    assert answer.status == recording.status
    assert answer.body == recording.played().content
    assert type(answer.error) is (kind or type(None))
    if answer.error is not None:
        assert answer.error.message.startswith(f"{recording.method} {recording.path}: ")
        assert words in answer.error.message


def test_the_table_of_recordings_names_every_get_of_these_endpoints(http: Path) -> None:
    families = ("images", "collections", "lesions", "users")
    expected = {
        name
        for name, recording in recordings(http).items()
        if recording.method == "GET"
        and recording.path.startswith(tuple(f"/api/v2/{family}/" for family in families))
    }
    # Asked elsewhere in this module: a redirect, a bad token, compression; and what only staff
    # may call or was recorded after writes.
    elsewhere = {
        "011-images-list-bogus-token",
        "029-image-detail-no-slash",
        "045-collection-sharing-info-staff",
        "046-collection-sharing-info-normal",
        "055-users-me-expired",
        "108-api-gzip",
        "120-search-line-too-long",
        "180-images-pin-sort-after-pin",
        "182-users-me-after-terms",
        "209-collection-detail-after-publish",
    }
    assert expected - elsewhere - set(RAW) == set()


def plain(value: Any) -> Any:
    """What a typed answer holds, as JSON has it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, Described):
        return value.to_json()
    if isinstance(value, Page):
        return {**asdict(value), "results": plain(value.results)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


TYPED: dict[str, Callable[[ArchiveApi], Any]] = {
    "012-images-search-query": lambda api: next(
        api.search("diagnosis_1:Malignant AND age_approx:[20 TO 40]").pages()
    ),
    "013-images-search-collections": lambda api: next(api.search(collections=[1, 2]).pages()),
    "014-images-search-unknown-collection": lambda api: next(
        api.search(collections=[99999]).pages()
    ),
    "022-images-facets": lambda api: api.facets("copyright_license:CC-0"),
    "023-image-detail-public": lambda api: api.image("ISIC_0000001"),
    "024-image-detail-pipeline-size": lambda api: api.image("ISIC_0800000"),
    "025-image-detail-rcm-tif": lambda api: api.image("ISIC_0000570"),
    "031-image-similar": lambda api: api.similar("ISIC_0000001", limit=2),
    "032-image-similar-no-embedding": lambda api: api.similar("ISIC_0000300"),
    "038-collection-detail-doi": lambda api: api.collection(1),
    "042-collection-attribution": lambda api: api.collection_attribution(2),
    "049-lesion-detail": lambda api: api.lesion("IL_0000027"),
    "053-users-me": lambda api: api.me(),
    "094-zip-license-file": lambda api: api.license_text("CC-BY-NC"),
}

TYPED_ROWS: dict[str, Callable[[ArchiveApi], Any]] = {
    "034-collections-list": lambda api: api.collections(),
    "035-collections-list-pinned-name": lambda api: api.collections(pinned=True, sort="name"),
    "047-lesions-list": lambda api: api.lesions(),
    "012-images-search-query": lambda api: api.search(
        "diagnosis_1:Malignant AND age_approx:[20 TO 40]"
    ),
}


@pytest.mark.parametrize("name", TYPED)
def test_a_typed_answer_holds_all_that_was_recorded(
    name: str, http: Path, play: Callable[[str], ArchiveApi]
) -> None:
    recording = recordings(http)[name]
    with play(recording.user) as api:
        assert plain(TYPED[name](api)) == recording.body


@pytest.mark.parametrize("name", TYPED_ROWS)
def test_the_rows_of_a_listing_are_those_recorded(
    name: str, http: Path, play: Callable[[str], ArchiveApi]
) -> None:
    rows = recordings(http)[name].body["results"]
    with play("") as api:
        assert [plain(row) for row in islice(TYPED_ROWS[name](api), len(rows))] == rows


def test_the_bytes_of_a_search_are_a_number(play: Callable[[str], ArchiveApi]) -> None:
    with play("") as api:
        assert api.search_size("sex:male") == 5377214


def test_the_count_of_a_search_is_the_first_pages(play: Callable[[str], ArchiveApi]) -> None:
    with play("") as api:
        assert api.search("diagnosis_1:Malignant AND age_approx:[20 TO 40]").count() == 34
        assert api.search(collections=[1, 2]).count() == 180
        assert api.search(collections=[99999]).count() == 0


def test_a_collection_that_is_listed_twice_is_given_once(
    http: Path, play: Callable[[str], ArchiveApi]
) -> None:
    recording = recordings(http)["036-collections-list-owner-duplicates"]
    assert [row["id"] for row in recording.body["results"]].count(18) == 2
    with play("owner") as api:
        ids = [collection.id for collection in api.collections()]
    assert ids.count(18) == 1
    assert len(ids) == 18


MISSING: dict[str, tuple[Callable[[ArchiveApi], Any], str]] = {
    "image": (lambda api: api.image("ISIC_0900001"), "no image ISIC_0900001 in this archive"),
    "odd image": (lambda api: api.image("nonsense"), "no image nonsense in this archive"),
    "collection": (lambda api: api.collection(99999), "no collection 99999 in this archive"),
    "lesion": (lambda api: api.lesion("IL_9999999"), "no lesion IL_9999999 in this archive"),
    "licence": (lambda api: api.license_text("MIT"), "the archive has no licence 'MIT'"),
}


@pytest.mark.parametrize("what", MISSING)
def test_what_is_missing_is_named(what: str, play: Callable[[str], ArchiveApi]) -> None:
    call, message = MISSING[what]
    with play("") as api, pytest.raises(NotFoundError) as caught:
        call(api)
    assert caught.value.message == message
    assert caught.value.exit_code == 6


def test_a_missing_slash_is_redirected_within_the_archive(
    play: Callable[[str], ArchiveApi],
) -> None:
    with play("") as api:
        answer = api.raw("GET", "images/ISIC_0000001")
    assert answer.status == 200
    assert answer.url == "http://127.0.0.1:8010/api/v2/images/ISIC_0000001/"


def test_a_bogus_token_is_refused_before_the_anonymous_view_is_trusted(http: Path) -> None:
    transport = Recorded(http)
    with opened(transport, token="expired") as api, pytest.raises(AuthError) as caught:
        api.image("ISIC_0000001")
    assert caught.value.exit_code == 4
    assert "expired" in caught.value.message
    assert [request.url.path for request in transport.requests] == ["/api/v2/users/me/"]


def test_similar_images_need_a_login(play: Callable[[str], ArchiveApi]) -> None:
    with play("") as api, pytest.raises(AuthError) as caught:
        api.similar("ISIC_0000001")
    assert caught.value.hint == "Log in with `isic user login`."


def test_the_line_that_the_archive_found_too_long_points_to_id_files(http: Path) -> None:
    answer = recordings(http)["120-search-line-too-long"]
    with opened(Recorded(http)) as api:
        query = answer.query["query"]  # shortened in the recording
        with pytest.raises(RefusedError) as caught:
            api.search(query).count()
    assert caught.value.hint == "Use fewer terms, or give the ids in a file with --from."
    assert "Request Line is too large (8592 > 8190)" in caught.value.message


def test_the_credits_of_a_public_collection_come_from_its_table(
    play: Callable[[str], ArchiveApi],
) -> None:
    with play("") as api:
        assert api.collection_credits(16) == {"ISIC_0000100": "Hospital Clínic de Barcelona"}


def test_a_private_collection_has_no_credits_to_give(play: Callable[[str], ArchiveApi]) -> None:
    with play("") as api:
        assert api.collection_credits(6) is None


def test_a_web_page_in_place_of_a_table_is_a_login(play: Callable[[str], ArchiveApi]) -> None:
    with play("") as api, pytest.raises(AuthError, match="a login is needed"):
        api.raw("GET", "/collections/6/metadata/")


def test_html_is_never_read_as_json(play: Callable[[str], ArchiveApi]) -> None:
    with play("") as api, pytest.raises(ResponseError, match="expected JSON but got text/html"):
        api._client.get_json("/doi/challenge-2024-training/", bytes)

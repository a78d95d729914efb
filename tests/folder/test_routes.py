"""The routes of a folder archive against the recordings of the real server."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from isic_cli.config import LOCAL_URL
from isic_cli.errors import NotFoundError
from isic_cli.models.collection import AttributionCount, Collection
from isic_cli.models.image import ImageRecord
from isic_cli.models.page import page_of
from tests.folder.conftest import Make, client_of, png

Json = Any


def recording(contract: Path, number: int) -> dict[str, Json]:
    (path,) = (contract / "http").glob(f"{number:03d}-*.json")
    value: dict[str, Json] = json.loads(path.read_text("utf-8"))
    return value


#: Requests that mean the same to every archive, so that the whole answer must be the same.
SAME = [7, 8, 14, 15, 16, 17, 21, 28, 37, 39, 41, 44, 52, 66, 67, 95, 104, 105, 107]
#: The same, but a folder has other objects at the path than the real server.
SAME_SHAPE = {
    1: "images/",
    12: "images/search/",
    20: "images/search/size/",
    22: "images/facets/",
    23: "images/ISIC_9000000/",
    34: "collections/",
    38: "collections/1/",
    42: "collections/1/attribution/",
    43: "collections/autocomplete/",
    47: "lesions/",
    49: "lesions/IL_9000000/",
    63: "quickfind/",
    74: "stats/",
    79: "studies/1/",
    80: "study-tasks/",
    81: "study-tasks/101/",
    82: "annotations/",
    83: "annotations/101/",
}


@pytest.mark.parametrize("number", SAME)
def test_what_means_the_same_everywhere_is_answered_the_same(
    contract: Path, archive: httpx.Client, number: int
) -> None:
    recorded = recording(contract, number)
    asked, wanted = recorded["request"], recorded["response"]
    url = f"{LOCAL_URL}{asked['path']}"
    answer = archive.request(asked["method"], url, params=asked["query"])
    names = ("Content-Type", "Allow")
    assert answer.status_code == wanted["status"]
    assert [answer.headers.get(name) for name in names] == [
        wanted["headers"].get(name) for name in names
    ]
    body = answer.json() if isinstance(wanted["body"], dict) else answer.text
    assert body == wanted["body"]


def shape(value: Json) -> Json:
    """What kind of value this is: keys, and the shape of the first row of a list."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


@pytest.mark.parametrize("number", SAME_SHAPE)
def test_answers_have_the_keys_of_the_real_ones(
    contract: Path, archive: httpx.Client, number: int
) -> None:
    recorded = recording(contract, number)
    answer = archive.get(SAME_SHAPE[number], params=recorded["request"]["query"])
    assert answer.status_code == recorded["response"]["status"] == 200
    wanted, found = recorded["response"]["body"], answer.json()
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys()
        wanted, found = wanted.get("results", [wanted]), found.get("results", [found])
    for one in wanted[:1]:
        assert found[0].keys() == one.keys()


def test_an_image_has_the_shape_of_a_real_one(contract: Path, archive: httpx.Client) -> None:
    wanted = shape(recording(contract, 23)["response"]["body"])
    found = shape(archive.get("images/ISIC_9000002/").json())
    for groups in (wanted, found):
        metadata = groups.pop("metadata")
        groups["metadata"] = {name: sorted(metadata[name].items()) for name in metadata}
    common = {
        name: set(found["metadata"][name]) & set(wanted["metadata"][name])
        for name in ("acquisition", "clinical")
    }
    assert {**found, "metadata": {}} == {**wanted, "metadata": {}}
    assert common["acquisition"] == set(wanted["metadata"]["acquisition"])
    assert {name for name, _ in common["clinical"]} >= {"mel_thick_mm", "mel_ulcer", "age_approx"}


def test_facets_have_the_fields_and_buckets_of_the_real_ones(
    contract: Path, archive: httpx.Client
) -> None:
    wanted = recording(contract, 22)["response"]["body"]
    found = archive.get("images/facets/", params={"query": "copyright_license:CC-0"}).json()
    assert list(found) == list(wanted)
    for name in ("age_approx", "mel_thick_mm", "clin_size_long_diam_mm"):
        edges = [
            [{**bucket, "doc_count": 0} for bucket in facets[name]["buckets"]]
            for facets in (found, wanted)
        ]
        assert edges[0] == edges[1]
    assert {bucket["key"]: bucket["doc_count"] for bucket in found["copyright_license"]["buckets"]}[
        "CC-BY"
    ] == 0
    assert found["hairy"] == {
        "meta": {"missing_count": wanted_count(archive), "present_count": 0},
        "buckets": [],
    }


def wanted_count(archive: httpx.Client) -> int:
    params = {"query": "copyright_license:CC-0"}
    count: int = archive.get("images/search/", params=params).json()["count"]
    return count


def test_facets_count_what_a_query_finds(make: Make) -> None:
    table = (
        "isic_id,sex,melanocytic,age_approx,mel_thick_mm\n"
        "ISIC_0000001,male,True,35,0.80\n"
        "ISIC_0000002,female,False,35,7\n"
        "ISIC_0000003,female,True,85,\n"
    )
    pictures: dict[str, str | bytes] = {f"ISIC_000000{n}.png": png(1, 1) for n in (1, 2, 3)}
    client = client_of(make({"metadata.csv": table, **pictures}))
    facets = client.get("images/facets/", params={"query": "melanocytic:true"}).json()
    assert facets["sex"] == {
        "meta": {"missing_count": 0, "present_count": 2},
        "buckets": [{"key": "female", "doc_count": 1}, {"key": "male", "doc_count": 1}],
    }
    assert facets["melanocytic"]["buckets"] == [
        {"key": 1, "key_as_string": "true", "doc_count": 2},
        {"key": 0, "key_as_string": "false", "doc_count": 0},
    ]
    ages = {one["key"]: one["doc_count"] for one in facets["age_approx"]["buckets"]}
    assert {key: count for key, count in ages.items() if count} == {35: 1, 85: 1}
    assert facets["mel_thick_mm"]["meta"] == {"missing_count": 1, "present_count": 1}
    assert [one["key"] for one in facets["mel_thick_mm"]["buckets"] if one["doc_count"]] == [
        "0.5-1.0"
    ]
    everything = client.get("images/facets/").json()["mel_thick_mm"]["buckets"]
    assert everything[-1] == {"key": "5.0-*", "from": 5.0, "doc_count": 1, "to": "*"}
    assert client.get("images/facets/", params={"query": "sex"}).status_code == 400


def test_our_models_read_every_answer(archive: httpx.Client) -> None:
    images = page_of(ImageRecord.of)(archive.get("images/").content)
    collections = page_of(Collection.model_validate)(archive.get("collections/").content)
    credits_ = archive.get("collections/1/attribution/").json()
    assert (len(images.results), images.count, images.next) == (60, 60, None)
    assert [one.id for one in collections.results] == [5, 4, 3, 2, 1]
    assert sum(AttributionCount.model_validate(one).count for one in credits_) == 30


def test_a_search_is_evaluated_as_the_archive_does(archive: httpx.Client) -> None:
    params = {"query": 'diagnosis_1:Malignant AND sex:male AND image_type:"clinical: close-up"'}
    found = archive.get("images/search/", params=params).json()
    assert [row["isic_id"] for row in found["results"]] == ["ISIC_9000006", "ISIC_9000018"]
    sizes = [row["files"]["full"]["size"] for row in found["results"]]
    assert archive.get("images/search/size/", params=params).json() == {"size": sum(sizes)}


def test_collections_of_a_search_are_a_union_however_they_are_given(archive: httpx.Client) -> None:
    counts = [
        archive.get(f"images/search/?{text}").json()["count"]
        for text in (
            "collections=3",
            "collections=4",
            "collections=3,4",
            "collections=3&collections=4",
        )
    ]
    joined = archive.get("images/search/", params={"collections": " 4 , 3, 77"}).json()["count"]
    assert counts[2] == counts[3] == joined == counts[0] + counts[1]


def ids(answer: httpx.Response) -> list[str]:
    return [row["isic_id"] for row in answer.json()["results"]]


def test_pages_follow_each_other_to_the_end_and_back(archive: httpx.Client) -> None:
    everything = ids(archive.get("images/"))
    answer = archive.get("images/", params={"limit": 25, "pin_sort": "true"})
    assert (answer.json()["count"], answer.json()["previous"]) == (60, None)
    pages = [ids(answer)]
    while link := answer.json()["next"]:
        query = parse_qs(urlsplit(link).query)
        assert list(query) == ["cursor", "limit", "pin_sort"]
        answer = archive.get(link)
        assert answer.json()["count"] is None
        pages.append(ids(answer))
    assert [len(page) for page in pages] == [25, 25, 10]
    assert [one for page in pages for one in page] == everything
    back = archive.get(answer.json()["previous"])
    assert ids(back) == pages[1]
    assert ids(archive.get(back.json()["next"])) == pages[2]
    first = archive.get(back.json()["previous"])
    assert (ids(first), first.json()["previous"]) == (pages[0], None)


@pytest.mark.parametrize("limit", ["0", "1000", "100"])
def test_no_page_is_longer_than_100(make: Make, limit: str) -> None:
    client = client_of(make({f"ISIC_{number:07d}.jpg": b"" for number in range(101)}))
    answer = client.get("images/", params={"limit": limit}).json()
    assert (len(answer["results"]), answer["count"]) == (100, 101)
    assert ids(client.get(answer["next"])) == ["ISIC_0000100"]


def test_a_negative_limit_gives_empty_pages_as_the_real_server_does(archive: httpx.Client) -> None:
    answer = archive.get("images/", params={"limit": -5}).json()
    assert (answer["results"], answer["count"], answer["previous"]) == ([], 60, None)
    assert answer["next"].startswith(f"{LOCAL_URL}/api/v2/images/?cursor=")


@pytest.mark.parametrize("cursor", ["cD14", "cD0tMQ=="], ids=["p=x", "p=-1"])
def test_a_cursor_of_another_listing_is_refused(
    contract: Path, archive: httpx.Client, cursor: str
) -> None:
    answer = archive.get("images/", params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json() == recording(contract, 9)["response"]["body"]


def test_a_link_carries_the_origin_it_was_told(demo: Path) -> None:
    from isic_cli.folder.store import FolderStore
    from isic_cli.folder.transport import FolderTransport

    transport = FolderTransport(FolderStore.open(demo), origin="https://example.org/")
    client = httpx.Client(transport=transport, base_url="https://example.org/api/v2/")
    answer = client.get("images/", params={"limit": 1}).json()
    assert answer["next"].startswith("https://example.org/api/v2/images/?cursor=")
    assert answer["results"][0]["files"]["full"]["url"].startswith("https://example.org/images/")


def test_collections_sort_and_filter(archive: httpx.Client) -> None:
    def names(**params: str) -> list[int]:
        rows = archive.get("collections/", params=params).json()["results"]
        return [row["id"] for row in rows]

    assert names(sort="name") == [5, 1, 2, 4, 3]
    assert names(sort="created") == [1, 2, 3, 4, 5]
    assert names(pinned="true") == [4]
    assert names(pinned="0", sort="created") == [1, 2, 3, 5]
    refused = archive.get("collections/", params={"pinned": "perhaps"})
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["type"] == "bool_parsing"


def test_autocomplete_shows_unlocked_collections_only(archive: httpx.Client) -> None:
    found = archive.get("collections/autocomplete/", params={"query": "DEMO"}).json()
    assert [row["id"] for row in found] == [5]


def test_the_quick_search_finds_images_collections_and_studies(archive: httpx.Client) -> None:
    def found(text: str) -> list[tuple[str, str, bool]]:
        rows = archive.get("quickfind/", params={"query": text}).json()
        return [(row["title"], row["url"], row["yours"]) for row in rows]

    assert found("isic_900000") == [
        (f"ISIC_900000{number}", f"/images/ISIC_900000{number}/", False) for number in range(5)
    ]
    urls = [url for _, url, _ in found("demo")]
    assert urls == ["/collections/1/", "/collections/5/", "/studies/1/", "/studies/2/"]
    assert found("nothing of this name") == []


def test_a_lesion_shows_its_images_newest_first(archive: httpx.Client) -> None:
    lesion = archive.get("lesions/IL_9000000/").json()
    images = [row["isic_id"] for row in lesion.pop("images")]
    assert images == ["ISIC_9000001", "ISIC_9000000"]
    assert lesion == {
        "images_count": 2,
        "longitudinally_monitored": True,
        "index_image_id": "ISIC_9000001",
        "outcome_diagnosis": (
            "Benign:Benign melanocytic proliferations:Nevus:Nevus, NOS, Junctional"
        ),
        "outcome_diagnosis_1": "Benign",
        "id": "IL_9000000",
    }
    later = archive.get(archive.get("lesions/", params={"limit": 40}).json()["next"]).json()
    assert (later["count"], later["next"]) == (43, None)


def test_the_website_s_table_of_a_collection(make: Make) -> None:
    table = (
        "isic_id,attribution,copyright_license,age_approx,diagnosis_2,melanocytic,pixels_x,sex\n"
        "ISIC_0000002,\t@Lab,CC-0,0,,TRUE,9,\n"
        "ISIC_0000001,Anonymous,CC-BY,30,,false,9,\n"
    )
    collections = """[{"id": 1, "name": "A & b!", "query": "melanocytic:*"},
                      {"id": 2, "name": "皮膚"}]"""
    files: dict[str, str | bytes] = {"metadata.csv": table, "collections.json": collections}
    pictures: dict[str, str | bytes] = {f"ISIC_000000{n}.png": png(1, 1) for n in (1, 2)}
    client = client_of(make(files | pictures))
    answer = client.get(f"{LOCAL_URL}/collections/1/metadata/")
    assert answer.text == (
        "isic_id,attribution,copyright_license,age_approx,melanocytic\r\n"
        "ISIC_0000001,Anonymous,CC-BY,30,False\r\n"
        "ISIC_0000002,\t@Lab,CC-0,,True\r\n"
    )
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a-b_metadata.csv"'
    empty = client.get(f"{LOCAL_URL}/collections/2/metadata/")
    assert empty.text == "isic_id,attribution,copyright_license\r\n"
    assert empty.headers["Content-Disposition"] == 'attachment; filename="unnamed_metadata.csv"'
    assert client.get(f"{LOCAL_URL}/collections/3/metadata/").status_code == 404


def test_a_study_has_choices_responses_and_files(archive: httpx.Client) -> None:
    study = archive.get("studies/1/").json()
    assert [question["type"] for question in study["questions"]] == [
        "select",
        "multiselect",
        "number",
    ]
    assert study["questions"][0]["choices"] == [
        {"id": 11, "question": 1, "text": "Yes"},
        {"id": 12, "question": 1, "text": "No"},
    ]
    table = archive.get(f"{LOCAL_URL}/studies/1/download-responses/")
    assert table.headers["Content-Type"] == "text/csv"
    assert table.headers["Content-Disposition"] == (
        'attachment; filename="demo-reader-study-malignant-or-not_responses.csv"'
    )
    header = "image,annotator,annotation_duration,question,question_type,answer"
    assert table.text.splitlines()[0] == header
    kept = archive.get(f"{LOCAL_URL}/studies/2/files/annotations.json").json()
    mask = next(iter(kept["annotations"][0]["markups"].values()))["mask"]
    assert archive.get(f"{LOCAL_URL}/studies/2/files/masks/{mask}").content[:4] == b"\x89PNG"
    assert [row["id"] for row in archive.get("studies/").json()["results"]] == [2, 1]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/studies/9/download-responses/", 404),
        ("/studies/1/files/secret.txt", 404),
        ("/studies/9/files/study.json", 404),
        ("/api/v2/studies/9/", 404),
        ("/api/v2/studies/x/", 422),
        ("/api/v2/study-tasks/9/", 404),
        ("/api/v2/annotations/9/", 404),
        ("/api/v2/collections/9/attribution/", 404),
        ("/api/v2/lesions/nonsense/", 404),
        ("/api/v2/images/search/size/?query=sex", 400),
        ("/images/0000001/", 404),
        ("/images/ISIC_9000001/", 404),
        ("/", 404),
        ("/masks/..%2f..%2fetc.png", 404),
    ],
)
def test_what_is_not_there_is_refused(archive: httpx.Client, path: str, status: int) -> None:
    assert archive.get(f"{LOCAL_URL}{path}").status_code == status


def test_a_numeric_key_leads_to_the_image(archive: httpx.Client) -> None:
    task = archive.get("study-tasks/101/").json()
    answer = archive.get(f"{LOCAL_URL}/images/{task['image']}/")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/images/ISIC_9000000/")


def test_a_missing_slash_is_a_redirect(contract: Path, archive: httpx.Client) -> None:
    wanted = recording(contract, 29)["response"]
    answer = archive.get(f"{LOCAL_URL}/api/v2/images/ISIC_0000001")
    assert answer.status_code == wanted["status"]
    assert answer.headers["Location"] == wanted["headers"]["Location"]
    with_query = archive.get(f"{LOCAL_URL}/api/v2/images?limit=3")
    assert with_query.headers["Location"] == "/api/v2/images/?limit=3"
    assert archive.get(f"{LOCAL_URL}/api/v2/nothing").status_code == 404


def test_head_of_the_api_is_refused_without_a_body(contract: Path, archive: httpx.Client) -> None:
    wanted = recording(contract, 106)["response"]
    answer = archive.head("images/")
    assert answer.status_code == wanted["status"]
    assert answer.headers["Allow"] == wanted["headers"]["Allow"]
    assert answer.content == b""


@pytest.mark.parametrize(
    ("method", "path", "what"),
    [
        ("GET", "users/me/", "users"),
        ("GET", "images/ISIC_9000000/similar/", "search for similar images"),
        ("GET", "contributors/", "contributors"),
        ("GET", "cohorts/1/", "cohorts"),
        ("POST", "accessions/", "uploads"),
        ("POST", "s3-upload/upload-initialize/", "uploads"),
        ("PATCH", "doi/a/", "DOI drafts"),
    ],
)
def test_what_only_the_real_archive_has_is_not_found_in_words(
    archive: httpx.Client, method: str, path: str, what: str
) -> None:
    with pytest.raises(NotFoundError, match=f"an archive on this machine has no {what}$"):
        archive.request(method, path)


def test_a_licence_comes_from_the_folder_or_says_where_it_is(make: Make) -> None:
    client = client_of(make({"licenses/CC-0.txt": "all yours", "ISIC_0000001.png": png(1, 1)}))
    kept = client.get("zip-download/license-file/CC-0/")
    named = client.get("zip-download/license-file/CC-BY-NC/")
    assert (kept.text, kept.headers["Content-Type"]) == ("all yours", "text/plain")
    assert named.text == (
        "Attribution-NonCommercial 4.0 International\n\n"
        "https://creativecommons.org/licenses/by-nc/4.0/legalcode\n"
    )

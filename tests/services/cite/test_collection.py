from typing import Any

import httpx
import pytest

from isic_cli.models.collection import Collection
from isic_cli.services.cite.collection import cite
from tests.support.faults import Script, body, json_answer, raising, redirect, status
from tests.support.opened import opened

DOI = Collection(id=4, name="Nevi of 2024", doi="10.34970/123456")
CREDIT = json_answer(
    [
        {"license": "CC-0", "attribution": "Anonymous", "count": 2},
        {"license": "CC-BY", "attribution": "Clinic & Co_A", "count": 7},
        {"license": "CC-BY-NC", "attribution": "Anonymous", "count": 1},
    ]
)
ATTRIBUTION = "GET /api/v2/collections/4/attribution/"
COMPOSED = (
    "Clinic & Co_A, & Anonymous. (n.d.). Nevi of 2024 [Data set]. "
    "ISIC Archive. https://doi.org/10.34970/123456\n"
)


def test_a_doi_is_cited_as_doi_org_does_and_gets_no_token() -> None:
    script = Script(
        {
            "GET /10.34970/123456": [redirect("https://data.datacite.org/x")],
            "GET /x": [body("@misc{é}\n".encode(), Content_Type="application/x-bibtex")],
        }
    )
    with opened(script, token="secret") as api:
        assert cite(api, DOI, "bibtex") == "@misc{é}\n"

    assert [request.url.host for request in script.requests] == ["doi.org", "data.datacite.org"]
    assert script.requests[0].headers["accept"] == "application/x-bibtex"
    assert {request.headers.get("authorization") for request in script.requests} == {None}


@pytest.mark.parametrize(
    "answer", [status(404), status(200), raising(httpx.ConnectError, "no network")]
)
def test_without_doi_org_it_is_composed_and_that_is_said(
    answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    script = Script({"GET /10.34970/123456": [answer], ATTRIBUTION: [CREDIT]})  # type: ignore[list-item]
    with opened(script, retries=0) as api:
        assert cite(api, DOI, "apa") == COMPOSED
    assert len(caplog.messages) == 1
    assert "composed of what the archive says" in caplog.messages[0]


def test_offline_nobody_is_asked_but_the_archive() -> None:
    script = Script({ATTRIBUTION: [CREDIT]})
    with opened(script) as api:
        assert cite(api, DOI, "apa", offline=True) == COMPOSED
    assert script.asked == [ATTRIBUTION]


def test_a_year_that_the_archive_sends_is_used() -> None:
    dated = Collection.model_validate({"id": 4, "name": "n", "created": "2024-05-01T00:00:00Z"})
    with opened(Script({ATTRIBUTION: [CREDIT]})) as api:
        assert "(2024). n [Data set]" in cite(api, dated, "apa")


@pytest.mark.parametrize("offline", [False, True])
def test_the_papers_of_a_known_data_set_come_along(offline: bool) -> None:
    ham = DOI.model_copy(update={"name": "HAM10000"})
    script = Script({"GET /10.34970/123456": [body(b"As doi.org says.")], ATTRIBUTION: [CREDIT]})
    with opened(script) as api:
        lines = cite(api, ham, "apa", offline=offline).splitlines()

    assert len(lines) == 2
    assert lines[0].startswith("Clinic" if offline else "As doi.org says.")
    assert lines[1].startswith("Tschandl, P., Rosendahl, C., & Kittler, H. (2018).")


@pytest.mark.parametrize("style", ["cff", "text"])
def test_what_doi_org_does_not_write_is_composed(style: Any) -> None:
    script = Script({ATTRIBUTION: [CREDIT]})
    with opened(script) as api:
        assert "Clinic & Co_A" in cite(api, DOI, style)
    assert script.asked == [ATTRIBUTION]

import json

import httpx
import pytest

from isic_cli.models.collection import Collection
from isic_cli.services.cite.collection import Reference, Style, cite
from tests.support.faults import Script, body, json_answer, raising, redirect, status
from tests.support.opened import opened

DOI = Collection(id=4, name="Challenge 2024: Training", doi="10.34970/123456")
CREDIT = json_answer(
    [
        {"license": "CC-0", "attribution": "Anonymous", "count": 2},
        {"license": "CC-BY", "attribution": "Clinic & Co_A", "count": 7},
        {"license": "CC-BY-NC", "attribution": "Anonymous", "count": 1},
    ]
)
ATTRIBUTION = "GET /api/v2/collections/4/attribution/"
COMPOSED = (
    "Clinic & Co_A, & Anonymous. (n.d.). Challenge 2024: Training [Data set]. "
    "International Skin Imaging Collaboration. https://doi.org/10.34970/123456"
)


def test_a_doi_is_cited_as_doi_org_does_and_gets_no_token() -> None:
    script = Script(
        {
            "GET /10.34970/123456": [redirect("https://data.datacite.org/x")],
            "GET /x": [body("@misc{é}\n".encode(), Content_Type="application/x-bibtex")],
        }
    )
    with opened(script, token="secret") as api:
        assert cite(api, DOI, "bibtex") == "@misc{é}"

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


REFERENCE = Reference("Nevi_1", ("A & B", "C"), 2024, "10.1/x", "https://a.example/collections/4/")


WRITTEN: dict[Style, str] = {
    "apa": """\
A & B, & C. (2024). Nevi_1 [Data set]. \
International Skin Imaging Collaboration. https://doi.org/10.1/x""",
    "bibtex": """\
@misc{isic-nevi-1,
  author = {{A \\& B} and {C}},
  title = {{Nevi\\_1}},
  year = {2024},
  publisher = {International Skin Imaging Collaboration},
  doi = {10.1/x},
  url = {https://doi.org/10.1/x}
}""",
    "ris": "\n".join(  # noqa: FLY002 - the last line ends in a space that an editor may eat
        [
            "TY  - DATA",
            "TI  - Nevi_1",
            "AU  - A & B",
            "AU  - C",
            "PY  - 2024",
            "DO  - 10.1/x",
            "PB  - International Skin Imaging Collaboration",
            "UR  - https://doi.org/10.1/x",
            "ER  - ",
        ]
    ),
}


@pytest.mark.parametrize("style", WRITTEN)
def test_a_reference_is_written_in_each_style(style: Style) -> None:
    assert REFERENCE.written(style) == WRITTEN[style]


def test_csl_is_json_that_reference_managers_read() -> None:
    assert json.loads(REFERENCE.written("csl")) == {
        "type": "dataset",
        "id": "https://doi.org/10.1/x",
        "title": "Nevi_1",
        "author": [{"literal": "A & B"}, {"literal": "C"}],
        "publisher": "International Skin Imaging Collaboration",
        "URL": "https://doi.org/10.1/x",
        "DOI": "10.1/x",
        "issued": {"date-parts": [[2024]]},
    }


@pytest.mark.parametrize("style", ["apa", "bibtex", "csl", "ris"])
def test_what_nobody_knows_is_left_out(style: Style) -> None:
    bare = Reference("Nevi", (), None, None, "").written(style)

    assert "Nevi" in bare
    assert not any(word in bare.lower() for word in ("none", "doi", "http", "author", "issued"))

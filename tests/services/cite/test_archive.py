"""What an archive is called: the same in a citation as in the methods of a paper."""

from datetime import date

import pytest

from isic_cli.curation.credit import Credit
from isic_cli.services.build.facts import SourceFacts
from isic_cli.services.cite.dataset import Provenance, composed
from isic_cli.services.paper.sources import archive_words

PROD = "https://api.isic-archive.com"
SANDBOX = "https://api-sandbox.isic-archive.com"
CREDITS = [Credit("CC-0", "Clinic A", 1)]


@pytest.mark.parametrize(
    ("named", "url", "publisher", "where"),
    [
        ("prod", PROD, "ISIC Archive", f" ({PROD})"),
        ("sandbox", SANDBOX, "sandbox of the ISIC Archive", f" ({SANDBOX})"),
        ("demo", "", "isic demo archive (drawn pictures)", ""),
        (
            "http://127.0.0.1:8000",
            "http://127.0.0.1:8000",
            "development server of the ISIC Archive",
            " (http://127.0.0.1:8000)",
        ),
        (
            "https://skin.example.org",
            "https://skin.example.org",
            "archive at skin.example.org",
            " (https://skin.example.org)",
        ),
    ],
)
def test_a_citation_and_the_methods_call_an_archive_the_same(
    named: str, url: str, publisher: str, where: str
) -> None:
    known = Provenance(url or named, "", date(2026, 11, 29), ())
    cited = composed(["ISIC_0000001"], CREDITS, known)
    assert (cited.publisher, cited.title) == (publisher, f"1 image of the {publisher}")
    assert (
        archive_words(SourceFacts("main", named, url, "", (), {}, 1)) == f"the {publisher}{where}"
    )

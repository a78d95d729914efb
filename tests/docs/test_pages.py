"""Every page of the documentation is typed, from top to bottom, in an empty home on the demo."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.challenges import mirror
from tests.support.filehost import Loopback
from tests.support.page_images import keep, look, made_picture
from tests.support.pages import ROOT, Reader, blocks, not_printed

DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    *sorted(path for path in DOCS.rglob("*.md") if "generated" not in path.parts),
]

#: Why a block may be left out; anything else is run.
REASONS = {
    "needs a login",
    "needs a browser",
    "needs another program",
    "needs a bucket",
    "needs a cluster",
    "needs a scheduler",
    "needs the network",
    "needs the extra",
    "installs",
    "the gate runs it",
}


@pytest.fixture(scope="module")
def host() -> Iterator[Loopback]:
    with Loopback(files={f"/{name}": body for name, body in mirror().items()}) as loopback:
        yield loopback


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(not block.not_run for block in blocks(page))],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_every_block_of_a_page_does_what_the_page_says(
    page: Path, host: Loopback, demo_cache: Path, tmp_path: Path
) -> None:
    reader = Reader(tmp_path, demo_cache, host.url)
    if page.name == "README.md":  # it begins in a checkout, which is put beside
        (reader.work / "pyproject.toml").touch()
    assert "\n".join(reader.read(page)) == ""
    folder = DOCS / "images" / page.stem
    if page.stem == "gallery":  # its pictures are of the browser: see tests/serve/test_browser.py
        return
    for kept in re.findall(rf"\]\(\.\./images/{page.stem}/([^)]*)\)", page.read_text("utf-8")):
        made = made_picture(reader.work, kept)
        if os.environ.get("DOCS_IMAGES"):
            keep(made, folder / kept)
        assert look(made) == pytest.approx(look(folder / kept), abs=8), "see CONTRIBUTING.md"


def test_blocks_are_left_out_for_known_reasons_only() -> None:
    reasons = {
        f"{page.name}, line {block.line}": block.not_run
        for page in PAGES
        for block in blocks(page)
        if block.not_run and block.not_run not in REASONS
    }
    assert reasons == {}


def test_every_block_has_a_language_that_is_run_or_shown() -> None:
    languages = {block.language for page in PAGES for block in blocks(page)}
    assert languages <= {"sh", "python", "text", "toml", "csv", "json", "yaml", "console"}
    for page in PAGES:
        fences = [
            line.strip() for line in page.read_text("utf-8").splitlines() if line.startswith("```")
        ]
        assert fences.count("```") * 2 == len(fences), f"{page}: a fence without a language"


def test_links_to_other_places_are_well_formed() -> None:
    """The site's build checks the links within; no test asks another host."""
    wrong = [
        f"{page.name}: {link}"
        for page in PAGES
        for link in re.findall(r"\]\((\w+:[^)]*)\)|<(https?:[^>]*)>", page.read_text("utf-8"))
        for url in link
        if url and not re.fullmatch(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[^\s<>]*)?", url)
    ]
    assert wrong == []


def test_what_a_page_shows_is_compared_line_by_line() -> None:
    assert not_printed("a\nb\n", "a\nb\n") == ""
    assert not_printed("a\n…\nd\n", "a\nb\nc\nd\n") == ""
    assert not_printed("a\n…\n", "a\nb\n") == ""
    assert not_printed("a\nc\n", "a\nb\n") == "c"
    assert not_printed("…\nz\n", "a\nb\n") == "z"
    assert not_printed("a\n", "a\nb\n") == "b"

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Isic

DAY = ["--retrieved", "2025-03-01"]
UNNAMED = (
    "Warning: nothing tells which archive these images are from: "
    "--archive prod names the ISIC Archive\n"
)


def test_bibtex_is_the_default_and_names_credits_licence_and_collections(isic: Isic) -> None:
    done = isic("dataset", "cite", "archive", *DAY, archive="prod")
    lines = done.out.splitlines()
    assert done.code == 0
    assert lines[1] == "  author = {{Anonymous} and {Clinic A} and {Clinic B, Vienna}},"
    assert lines[2] == "  title = {{4 images of the ISIC Archive}},"
    assert "Strictest licence: CC-BY-NC." in done.out
    assert "Collection: Nevi. Collection: melanoma, doi:10.34970/123456." in done.out
    assert "  doi = {10.34970/123456}," in lines
    assert done.err == "4 images, 3 to credit. Strictest licence: CC-BY-NC.\n"


def test_apa_is_one_reference(isic: Isic) -> None:
    done = isic("dataset", "cite", "archive", "--style", "apa", "--title", "My set", *DAY)
    assert done.out.startswith("Anonymous, Clinic A, & Clinic B, Vienna. (2025). My set (ISIC ids")
    assert done.out.endswith(
        "ISIC Archive. (n.d.). melanoma [Data set]. https://doi.org/10.34970/123456\n"
    )


def test_cff_goes_to_a_file(isic: Isic, tmp_path: Path) -> None:
    done = isic("dataset", "cite", "archive", "--style", "cff", "-o", "CITATION.cff", *DAY)
    text = (tmp_path / "CITATION.cff").read_text()
    assert (done.code, done.out) == (0, "")
    assert text.startswith("cff-version: 1.2.0\n")
    assert "license: CC-BY-NC-4.0\n" in text


def test_plain_text_counts_the_images_of_each_credit(isic: Isic) -> None:
    lines = isic("dataset", "cite", "archive", "--style", "text", *DAY).lines
    assert lines[2:6] == [
        "       1  CC-0      Anonymous",
        "       1  CC-0      Clinic A",
        "       1  CC-BY     Clinic A",
        "       1  CC-BY-NC  Clinic B, Vienna",
    ]


def test_a_lock_says_archive_query_date_and_collections(isic: Isic, tmp_path: Path) -> None:
    header = {
        "isic_lock": 1,
        "archive": "https://example.org",
        "time": "2024-02-03T10:00:00Z",
        "selections": [{"query": "sex:male", "collections": [1]}],
        "collections": [{"id": 1, "name": "Set", "doi": "10.1/x"}],
    }
    row = {"isic_id": "ISIC_0000001", "copyright_license": "CC-0", "attribution": "A"}
    (tmp_path / "isic.lock").write_text(f"{json.dumps(header)}\n{json.dumps(row)}\n")
    done = isic("dataset", "cite", "isic.lock", "--style", "apa")
    assert done.out.startswith("A. (2024). 1 image of the archive at example.org (ISIC ids")
    assert done.out.endswith(
        "Retrieved February 3, 2024, from https://example.org\n"
        "archive at example.org. (n.d.). Set [Data set]. https://doi.org/10.1/x\n"
    )
    note = isic("dataset", "cite", "isic.lock", "--style", "text").lines[4]
    assert note.startswith("Retrieved on 2024-02-03. Query: sex:male. Collection: Set, doi:10.1/x.")


def test_a_collection_can_be_named_by_its_doi(isic: Isic) -> None:
    done = isic("dataset", "cite", "archive", "-c", "10.34970/123456", "--style", "text", *DAY)
    assert "Collection: melanoma, doi:10.34970/123456. Strictest" in done.lines[7]
    assert "Nevi" not in done.lines[7]


@pytest.mark.parametrize(("limit", "code"), [("cc-0", 7), ("cc-by", 7), ("CC-BY-NC", 0)])
def test_a_licence_is_a_gate(isic: Isic, limit: str, code: int) -> None:
    assert isic("dataset", "cite", "archive", "--license", limit).code == code


def test_the_images_beyond_the_gate_are_named(isic: Isic) -> None:
    done = isic("dataset", "cite", "archive", "--license", "cc-by")
    assert (done.code, done.out) == (7, "")
    assert "1 images are not under CC-BY or freer: ISIC_0000003 (CC-BY-NC)" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none.csv"], 6, "no such table or folder: none.csv"),
        (["bare.csv"], 2, "bare.csv has no column copyright_license"),
        (["empty.csv"], 2, "empty.csv has no images to cite"),
        (["archive", "-c", "404"], 6, ""),
    ],
)
def test_bad_input_is_named(
    isic: Isic, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    (tmp_path / "bare.csv").write_text("isic_id\nISIC_0000001\n")
    (tmp_path / "empty.csv").write_text("isic_id,copyright_license,attribution\n")
    done = isic("dataset", "cite", *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err


def test_the_old_name_of_the_option_is_understood(isic: Isic) -> None:
    old = isic("dataset", "cite", "archive", "--to", "ris", *DAY)
    assert (old.code, old.out) == (
        0,
        isic("dataset", "cite", "archive", "--style", "ris", *DAY).out,
    )
    assert old.out.startswith("TY  - DATA\n")
    assert "--to" not in isic("dataset", "cite", "--help").out


def test_an_image_without_a_licence_is_counted(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "isic_id,copyright_license,attribution\nISIC_0000001,CC-BY,A\nISIC_0000002,,A\n"
    )
    done = isic("dataset", "cite", "t.csv", *DAY, archive="prod")
    assert done.err == "2 images, 1 to credit. Strictest licence: CC-BY. 1 image has no licence.\n"


def test_the_paper_of_ham10000_comes_along_by_the_ids_of_its_images(isic: Isic) -> None:
    Path("ham.csv").write_text(
        "isic_id,copyright_license,attribution\nISIC_0024306,CC-BY-NC,ViDIR Group\n", "utf-8"
    )
    done = isic("dataset", "cite", "ham.csv", "--style", "bibtex")
    assert "doi = {10.1038/sdata.2018.161}" in done.out


def test_images_of_the_demo_are_not_called_those_of_the_isic_archive(
    isic: Isic, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    isic("--archive", "demo", "image", "download", "ISIC_9000002", "out")
    for style in ("apa", "bibtex", "cff", "csl", "ris", "text"):
        cited = isic("dataset", "cite", "out", "--style", style).out
        assert "1 image of the isic demo archive (drawn pictures)" in cited
        assert "ISIC Archive" not in cited
    for kind in ("coco", "croissant", "hf"):
        assert isic("dataset", "export", "out", kind, "--to", kind).code == 0
        for path in Path(kind).rglob("*.*"):
            if path.suffix in {".json", ".md", ".cff"}:
                assert "ISIC Archive" not in path.read_text(), path


@pytest.mark.parametrize(
    ("url", "publisher"),
    [
        ("https://api.isic-archive.com", "ISIC Archive"),
        ("https://api-sandbox.isic-archive.com", "sandbox of the ISIC Archive"),
        ("http://127.0.0.1:8000", "development server of the ISIC Archive"),
    ],
)
def test_images_are_cited_as_those_of_the_archive_that_the_lock_names(
    isic: Isic, tmp_path: Path, url: str, publisher: str
) -> None:
    header = {"isic_lock": 1, "archive": url, "time": "2024-02-03T10:00:00Z"}
    row = {"isic_id": "ISIC_0000001", "copyright_license": "CC-0", "attribution": "A"}
    (tmp_path / "isic.lock").write_text(f"{json.dumps(header)}\n{json.dumps(row)}\n")
    cited = isic("dataset", "cite", "isic.lock", "--style", "bibtex").out
    assert f"title = {{{{1 image of the {publisher}}}}}" in cited
    assert f"publisher = {{{{{publisher}}}}}" in cited

"""A folder whose lock is gone: nothing written of it says whose its images are."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from isic_cli import Archive, Dataset
from isic_cli.python.warned import IsicWarning
from tests.cli.conftest import Isic

STYLES = ("apa", "bibtex", "cff", "csl", "ris", "text")
KINDS = ("coco", "croissant", "csv", "gallery", "hf", "parquet", "webdataset", "zip")
SAID = re.compile(r"isic[ -]archive|isic demo|archive at|sandbox", re.IGNORECASE)
WARNING = "nothing tells which archive these images are from"
HOW = f"Warning: {WARNING}: --archive prod names the ISIC Archive\n"


@pytest.fixture
def bare(isic: Isic, demo_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Isic:
    """`isic` without an archive, beside `out`, which came from the demo, and a gallery `old`."""
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    assert isic("image", "download", "ISIC_9000002", "out", archive="demo").code == 0
    Path("out", "isic.lock").unlink()

    def call(*arguments: str, archive: str | None = None) -> Any:
        return isic(*arguments, archive=archive)

    return call


@pytest.mark.parametrize("style", STYLES)
def test_a_citation_names_no_archive_and_says_how_to(bare: Isic, style: str) -> None:
    done = bare("dataset", "cite", "out", "--style", style)
    assert done.code == 0
    assert "1 image with ISIC ids" in done.out
    assert not SAID.search(done.out)
    assert done.err.endswith(HOW)
    named = bare("dataset", "cite", "out", "--style", style, archive="prod")
    assert "1 image of the ISIC Archive" in named.out
    assert WARNING not in named.err
    assert "1 image of the isic demo archive" in bare("dataset", "cite", "out", archive="demo").out


def test_a_citation_without_an_archive_has_no_empty_field(bare: Isic) -> None:
    assert "publisher" not in bare("dataset", "cite", "out", "--style", "bibtex").out
    assert "publisher" not in json.loads(bare("dataset", "cite", "out", "--style", "csl").out)
    assert "PB  -" not in bare("dataset", "cite", "out", "--style", "ris").out
    assert "[Data set]. Retrieved " in bare("dataset", "cite", "out", "--style", "apa").out


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_names_no_archive_and_says_how_to(bare: Isic, kind: str) -> None:
    done = bare("dataset", "export", "out", "unnamed", "--to", kind)
    assert (done.code, HOW in done.err) == (0, True)
    for path in Path("unnamed").rglob("*.*"):
        if path.suffix in {".json", ".md", ".cff"}:
            assert not SAID.search(path.read_text()), path
    done = bare("dataset", "export", "out", "named", "--to", kind, archive="demo")
    assert (done.code, WARNING in done.err) == (0, False)
    assert "1 image of the isic demo archive" in Path("named", "CITATION.cff").read_text()


def test_python_names_the_archive_that_it_is_told(bare: Isic) -> None:
    del bare
    data = Dataset.open("out")
    with pytest.warns(IsicWarning, match=f"{WARNING}: archive='prod' names the ISIC Archive"):
        assert "1 image with ISIC ids" in data.cite("apa").text
    assert "1 image of the sandbox of the ISIC Archive" in data.cite("apa", archive="sandbox").text
    with pytest.warns(IsicWarning, match=WARNING):
        data.export("unnamed", "coco")
    data.export("named", "coco", archive="demo")
    said = [
        json.loads(Path(name, "annotations/all.json").read_text())["info"]["description"]
        for name in ("unnamed", "named")
    ]
    assert said == ["Images with ISIC ids", "Images of the isic demo archive (drawn pictures)"]


@pytest.mark.parametrize("named", ["environment", "file"])
def test_an_archive_of_the_settings_is_named_too(
    bare: Isic, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if named == "file":
        Path("isic.toml").write_text('archive = "demo"\n')
    else:
        monkeypatch.setenv("ISIC_ARCHIVE", "demo")
    assert "1 image of the isic demo archive" in bare("dataset", "cite", "out").out


def test_a_folder_from_a_folder_is_cited_as_that_one_is(isic: Isic, demo_cache: Path) -> None:
    with Archive.open("demo", cache_dir=demo_cache) as archive:
        archive.search("isic_id:ISIC_9000002").download("first")
    assert isic("image", "download", "ISIC_9000002", "second", archive="first").code == 0
    for source in ("second", "second/isic.lock", "second/metadata.csv"):
        done = isic("dataset", "cite", source, archive="prod")
        assert "1 image of the isic demo archive" in done.out
    assert isic("image", "gallery", "ISIC_9000002", "page", archive="second").code == 0
    assert '"command_prefix": "isic --archive demo"' in Path("page/page/data.js").read_text()
    Path("first/isic.lock").unlink()
    assert "1 image with ISIC ids" in isic("dataset", "cite", "second", archive=None).out


def test_locks_of_two_folders_that_name_each_other_name_no_archive(
    isic: Isic, tmp_path: Path
) -> None:
    row = {"isic_id": "ISIC_0000001", "copyright_license": "CC-0", "attribution": "A"}
    for name, other in (("a", "b"), ("b", "a")):
        header = {"isic_lock": 1, "archive": str(tmp_path / other), "time": "2024-02-03T10:00:00Z"}
        (tmp_path / name).mkdir()
        (tmp_path / name / "isic.lock").write_text(f"{json.dumps(header)}\n{json.dumps(row)}\n")
    assert "1 image with ISIC ids" in isic("dataset", "cite", "a/isic.lock", archive=None).out


@pytest.mark.parametrize("archive", ["//host/share", "\\\\host\\share"])
def test_a_lock_that_names_a_folder_of_another_machine_is_not_followed(
    isic: Isic, tmp_path: Path, archive: str
) -> None:
    header = {"isic_lock": 1, "archive": archive, "time": "2024-02-03T10:00:00Z"}
    row = {"isic_id": "ISIC_0000001", "copyright_license": "CC-0", "attribution": "A"}
    (tmp_path / "isic.lock").write_text(f"{json.dumps(header)}\n{json.dumps(row)}\n")
    assert "1 image with ISIC ids" in isic("dataset", "cite", "isic.lock", archive=None).out


def test_a_collection_of_the_demo_is_not_one_of_the_isic_archive(
    isic: Isic, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    cited = isic("collection", "cite", "1", archive="demo").out
    assert "isic demo archive (drawn pictures). https://doi.org/10.5555/isic-demo-1" in cited
    isic("image", "download", "-c", "1", "-l", "1", "out", archive="demo")
    assert "ISIC Archive" not in isic("dataset", "cite", "out", "--style", "apa").out


def test_an_export_of_a_gallery_of_the_demo_shows_its_commands(
    isic: Isic, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    isic("image", "download", "ISIC_9000002", "out", archive="demo")
    assert isic("dataset", "export", "out", "page", "--to", "gallery").code == 0
    assert '"command_prefix": "isic --archive demo"' in Path("page/page/data.js").read_text()


def test_a_build_says_what_the_locks_of_its_folders_say(
    isic: Isic, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    for name in ("prod", "bare"):  # a folder may be called as an archive is
        assert isic("image", "download", "-l", "4", f"sub/{name}", archive="demo").code == 0
    Path("sub/bare/isic.lock").unlink()
    said = {}
    for name in ("prod", "bare"):
        Path(f"{name}.toml").write_text(
            f'recipe = 1\nname = "x{name}"\n[source]\narchive = "sub/{name}"\n'
        )
        assert isic("dataset", "build", f"{name}.toml", archive=None).code == 0
        paper = Path(f"x{name}/paper")
        said[name] = (paper / "methods.md").read_text()
        cited = (paper / "citations.bib").read_text()
        assert ("isic demo archive" in cited) == (name == "prod")
        assert "ISIC Archive" not in said[name] + cited
    assert "from the folder `prod`, downloaded from the isic demo archive (drawn" in said["prod"]
    assert "4 images were selected from the folder `bare`." in said["bare"]


def test_exports_of_a_build_of_several_archives_name_none(
    isic: Isic, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    assert isic("image", "download", "ISIC_9000002", "bare", archive="demo").code == 0
    Path("bare/isic.lock").unlink()
    export = '[document]\npaper = false\n[[export]]\nto = "coco"\n'
    others = {"one": "", "two": '[source.a]\narchive = "bare"\n'}
    for name, more in others.items():
        source = '[source.b]\narchive = "demo"\nids = ["ISIC_9000003"]\n'
        Path(f"{name}.toml").write_text(f'recipe = 1\nname = "{name}"\n{more}{source}{export}')
        assert isic("dataset", "build", f"{name}.toml", archive=None).code == 0
    said = [
        json.loads(Path(name, "coco/annotations/all.json").read_text())["info"]["description"]
        for name in others
    ]
    assert said == ["Images of the isic demo archive (drawn pictures)", "Images with ISIC ids"]

"""The shell and Python say the same; and what the old module could, both can today.

Commands and objects stand over the same use cases. What would let them drift apart is compared
here row by row: selection, listing, labels, splits, statistics, duplicates, citations, exports,
checks, differences, lesions, collections, answers.
"""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from isic_cli import Archive, Dataset
from isic_cli.cli.main import run
from isic_cli.compat import IsicApi
from isic_cli.superpixel import SuperpixelMap

pytestmark = [
    pytest.mark.filterwarnings("ignore::isic_cli.python.warned.IsicWarning"),
    pytest.mark.usefixtures("demo_by_name"),
]

Shell = Callable[..., list[dict[str, Any]]]
IMAGE = "ISIC_9000002"


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Shell:
    """Run a command on the demo; give its rows."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str, code: int = 0) -> list[dict[str, Any]]:
        assert int(run(["--archive", "demo", *words])) == code, capfd.readouterr().err
        out = capfd.readouterr().out
        return [json.loads(line) for line in out.splitlines() if line.startswith("{")]

    return call


def plain(rows: Iterable[Any], columns: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Rows as JSON has them, of some columns, without absent cells."""
    chosen = None if columns is None else set(columns)
    return [
        {
            key: value
            for key, value in json.loads(json.dumps(dict(row), default=str)).items()
            if value not in (None, "") and (chosen is None or key in chosen)
        }
        for row in rows
    ]


@pytest.mark.slow
def test_the_archive_says_the_same_to_both(shell: Shell) -> None:
    query = "diagnosis_1:Malignant"
    jsonl = ("-f", "jsonl")
    with Archive.open("demo") as archive:
        listed = shell("image", "list", "-s", query, "--fields", "isic_id,age_approx,sex", *jsonl)
        assert plain(listed) == plain(archive.search(query).table(["age_approx", "sex"]))
        (shown,) = shell("image", "show", IMAGE, *jsonl)
        metadata = archive.image(IMAGE).metadata
        assert shown["metadata"]["acquisition"] == metadata.acquisition
        assert shown["metadata"]["clinical"] == metadata.clinical
        (found,) = shell("collection", "show", "2", *jsonl)
        collection = archive.collection(2)
        assert (found["name"], found["images"]) == (collection.name, collection.images().count())
        assert shell("collection", "diff", "2", "1", *jsonl) == plain(collection.diff(1))
        lesions = shell("lesion", "list", *jsonl)
        assert [(row["lesion_id"], row["images_count"]) for row in lesions] == [
            (one.id, one.images_count) for one in archive.lesions()
        ]
        study = archive.study(1)
        answers = shell("study", "responses", "1", *jsonl)
        columns = ("image", "annotator", "question", "answer")
        assert plain(answers, columns) == plain(study.responses())
        agreement = shell("study", "agreement", "1", *jsonl)
        assert plain(agreement) == plain(study.agreement(), agreement[0])


@pytest.mark.slow
def test_a_data_set_says_the_same_to_both(shell: Shell, pictures: Path) -> None:
    data, folder, jsonl = Dataset.open(pictures), str(pictures), ("-f", "jsonl")
    labels = shell("metadata", "labels", folder, "--scheme", "isic2019", "--explain", *jsonl)
    assert plain(labels) == plain(data.labels("isic2019"))
    split = shell("dataset", "split", folder, "--ratio", "70:30", "--label", "isic2019", *jsonl)
    assert {row["isic_id"]: row["split"] for row in split} == data.split(
        "70:30", label="isic2019"
    ).of
    stats = shell("dataset", "stats", folder, "--label", "isic2019", *jsonl)
    assert plain(stats) == plain(data.stats(label="isic2019"))
    assert plain(shell("dataset", "dedupe", folder, *jsonl)) == plain(data.dedupe())
    other = pictures.parent / "other"
    if not other.exists():
        with Archive.open("demo") as archive:
            archive.search(collections=[1], limit=12).download(other)
    changes = shell("dataset", "diff", folder, str(other), *jsonl)
    assert plain(changes) == plain(data.diff(other))
    assert len(changes) == 2
    shell("dataset", "verify", folder, "--report", "v.jsonl")
    checked = [json.loads(line) for line in Path("v.jsonl").read_text().splitlines()[:-1]]
    columns = ("isic_id", "status", "bytes", "path", "sha256")
    assert plain(checked, columns) == plain(data.verify(), columns)
    shell("dataset", "export", folder, "one", "--to", "csv", "--label", "isic2019")
    data.export("two", "csv", label="isic2019")
    named = {one.relative_to("one") for one in Path("one").rglob("*") if ".isic" not in one.parts}
    assert named == {
        one.relative_to("two") for one in Path("two").rglob("*") if ".isic" not in one.parts
    }
    assert Path("one/data.csv").read_bytes() == Path("two/data.csv").read_bytes()


def test_a_citation_is_the_same_from_both(
    pictures: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pictures.parent)
    for style in ("text", "bibtex"):
        assert int(run(["dataset", "cite", "pictures", "--style", style])) == 0
        out = capfd.readouterr().out
        assert out.strip() == Dataset.open("pictures").cite(style).text.strip()


def test_a_download_is_the_same_from_both(shell: Shell, pictures: Path) -> None:
    shell("image", "download", "-c", "1", "-l", "10", "out")
    ours = {path.name for path in Path("out").iterdir()}
    assert ours == {path.name for path in pictures.iterdir()}
    for name in ours - {".isic", "isic.lock", "licenses"}:
        assert Path("out", name).read_bytes() == (pictures / name).read_bytes()


@pytest.mark.slow
def test_every_feature_of_the_old_module_has_a_command_and_a_call(
    shell: Shell, tmp_path: Path
) -> None:
    """Open, cache, select: the first rows of the table of the old module."""
    counted = 60
    with Archive.open("demo", cache_dir=tmp_path / "cache") as archive:
        assert archive.search().count() == counted
        assert archive.refresh() == counted
        found = archive.search(offline=True, where="pixels_x >= 1000").ids()
    shell("cache", "refresh")
    listed = shell("image", "list", "--offline", "--where", "pixels_x >= 1000", "-f", "jsonl")
    api = IsicApi(archive="demo")
    api.cache_images()
    selected = api.select_images(["meta.acquisition.pixelsX", ">=", 1000])
    assert sorted(row["isic_id"] for row in listed) == sorted(found) == sorted(selected)


@pytest.mark.slow
def test_superpixels_of_the_old_module_have_a_command_and_a_call(shell: Shell) -> None:
    """Decode, map, neighbours, outline, colours, masks: from the shell, and from Python."""
    with Archive.open("demo") as archive:
        image = archive.image(IMAGE)
        picture, found = image.array(), image.superpixels()
        assert image.segmentations() == {}
    shell("superpixel", "decode", IMAGE, "-o", "labels.npy")
    np.testing.assert_array_equal(np.load("labels.npy"), found.labels)
    shell("superpixel", "encode", "labels.npy", "-o", "map.png")
    assert SuperpixelMap.from_png("map.png").ids.tolist() == found.ids.tolist()
    shell("superpixel", "mask", IMAGE, "--labels", "472", "-o", "mask.png")
    np.testing.assert_array_equal(np.asarray(Pillow.open("mask.png")) > 0, found.mask([472]))
    assert np.flatnonzero(found.mask([472])).tolist() == found.pixels(472).tolist()
    rows = shell("superpixel", "regions", IMAGE, "--neighbors", "-f", "jsonl")
    beside = {row["label"]: row["neighbors"] for row in rows}
    assert list(map(int, beside[472].split())) == found.neighbors(472).tolist()
    shell("superpixel", "outline", IMAGE, "-o", "outline.svg")
    assert Path("outline.svg").read_text("utf-8") == found.svg()
    values = np.linspace(0, 1, len(found))
    lines = [f"{label},{value}" for label, value in zip(found.ids, values.tolist(), strict=True)]
    Path("v.csv").write_text("label,value\n" + "\n".join(lines) + "\n", "utf-8")
    shell(
        "superpixel",
        "overlay",
        IMAGE,
        IMAGE,
        "--values",
        "v.csv",
        "--colormap",
        "magma",
        "-o",
        "o.png",
    )
    drawn = np.asarray(Pillow.open("o.png"))[: picture.shape[0], : picture.shape[1]]
    np.testing.assert_array_equal(drawn, found.paint(picture, values=values, colormap="magma"))


@pytest.mark.slow
def test_a_study_of_the_old_module_has_a_command_and_a_call(shell: Shell) -> None:
    """Features, annotations, and where the annotators marked them."""
    shell("study", "download", "2", "s")
    with Archive.open("demo") as archive:
        study = archive.study(2)
        marks = study.annotations()
        assert {row["feature"] for row in marks} == set(study.features)
        image, feature = next((row["image"], row["feature"]) for row in marks)
        painted = np.asarray(study.overlay(image))
        assert study.mask(image, feature).shape == study.superpixels(image).shape
    again = IsicApi(archive="demo").study(2)
    again.load_annotations()
    assert again.annotations == [dict(row) for row in marks]
    shell("study", "overlay", "s", "--image", image, "-d", "d", "--no-sheet", "--images", "s")
    (path,) = Path("d").glob("*.png")
    np.testing.assert_array_equal(np.asarray(Pillow.open(path).convert("RGB")), painted)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_after_a_fork_an_archive_opens_anew() -> None:
    with Archive.open("demo") as archive:
        assert archive.search().count() == 60
        child = os.fork()
        if not child:  # what pytest would do at an error must not happen twice
            is_right = False
            try:
                is_right = len(archive.search("sex:male").ids()) > 0
            finally:
                os._exit(0 if is_right else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert archive.image(IMAGE).isic_id == IMAGE

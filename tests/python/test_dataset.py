"""A data set and a study, from Python: the same answers as the shell's commands give."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isic_cli import Archive, Dataset, ReaderStudy
from isic_cli.curation.duplicates import ALL_TIERS
from isic_cli.errors import IsicError, LocalError, NotFoundError, UsageError
from isic_cli.folder.indexing import SMALL
from isic_cli.python.results import DatasetSplit
from isic_cli.python.table import ResultTable
from isic_cli.python.warned import IsicWarning
from isic_cli.services.stats.dataset import describe
from isic_cli.services.study.data import StudyData
from isic_cli.services.study.responses import UnreadableAnswer
from tests.every_command.tree import COMMANDS

pytestmark = pytest.mark.usefixtures("demo_by_name")


def test_a_data_set_has_rows_labels_and_a_split(pictures: Path) -> None:
    dataset = Dataset.open(pictures)
    assert len(dataset) == 10
    assert dataset.images().columns[:3] == ("isic_id", "attribution", "copyright_license")
    labels = dataset.labels("isic2019")
    assert {row["label"] for row in labels} == {"NV", "MEL", "AK", "SCC"}
    split = dataset.split("70:30", seed=3)
    assert sum(split.images.values()) == 10
    assert sorted(split.ids("train") + split.ids("test")) == sorted(split.of)
    assert [row["split"] for row in split.table()] == ["train", "test"]
    with pytest.raises(UsageError, match="split='val'"):
        split.ids("val")
    with pytest.warns(IsicWarning) as told:
        labelled = dataset.split("70:30", label="isic2019").table()
    assert str(told[0].message) == "test has no image of the class AK"
    assert labelled.columns == ("split", "images", "share", "groups", "AK", "MEL", "NV", "SCC")
    assert sum(row[name] for row in labelled for name in ("AK", "MEL", "NV", "SCC")) == 10
    assert "<th>MEL</th>" in labelled._repr_html_()


@pytest.mark.parametrize(
    ("style", "media"),
    [
        ("bibtex", "application/x-bibtex"),
        ("cff", "application/yaml"),
        ("csl", "application/vnd.citationstyles.csl+json"),
        ("ris", "application/x-research-info-systems"),
        ("apa", None),
        ("text", None),
    ],
)
def test_a_notebook_keeps_a_citation_for_people_and_for_programs(
    pictures: Path, style: str, media: str | None
) -> None:
    citation = Dataset.open(pictures).cite(style)
    bundle = citation._repr_mimebundle_(include=None, exclude=None)
    assert bundle.pop("text/plain") == f"<Citation of 10 images as {style}>"
    assert bundle.pop("text/html").startswith("<pre")
    assert bundle == ({media: citation.text} if media else {})


def test_a_data_set_is_verified_compared_cited_and_counted(pictures: Path) -> None:
    dataset = Dataset.open(pictures)
    assert {row["status"] for row in dataset.verify()} == {"complete"}
    assert len(dataset.diff(dataset)) == 0
    assert dataset.sync().ok
    assert dataset.cite("bibtex").text.startswith("@misc{")
    assert dataset.cite().images == 10
    assert ("total", "images", 10) in {
        (row["section"], row["value"], row["count"]) for row in dataset.stats()
    }
    sexes = {row["sex"]: row["count"] for row in dataset.stats("sex")}
    assert sum(sexes.values()) == 10
    assert sexes["female"] == sum(row.get("sex") == "female" for row in dataset.images())
    with pytest.raises(UsageError, match="colour"):
        dataset.stats("colour")
    assert isinstance(dataset.dedupe(), ResultTable)


def test_a_larger_folder_is_counted_by_its_index(tmp_path: Path) -> None:
    (tmp_path / ".isic").mkdir()
    names = [f"ISIC_{number:07}" for number in range(SMALL + 1)]
    for name in names:
        (tmp_path / f"{name}.jpg").touch()
    rows = "".join(f"{name},A,CC-0,{n % 3},3,2\n" for n, name in enumerate(names))
    table = "isic_id,attribution,copyright_license,age_approx,pixels_x,pixels_y\n" + rows
    (tmp_path / "metadata.csv").write_text(table)
    by_rows = tuple(describe(tmp_path).rows())
    assert not (tmp_path / ".isic" / "index").exists()
    assert Dataset(tmp_path).stats().rows == by_rows
    assert (tmp_path / ".isic" / "index").is_dir()


def test_an_export_says_what_became_of_each(pictures: Path, tmp_path: Path) -> None:
    dataset = Dataset.open(pictures)
    with pytest.warns(IsicWarning, match="no picture of"):
        table = dataset.export(tmp_path / "out", "imagefolder", label="isic2019", size="64:crop")
    assert [row["status"] for row in table] == ["exported"] * 10
    assert (tmp_path / "out" / str(table[0]["path"])).is_file()


def test_pictures_come_for_torch_by_number(pictures: Path) -> None:
    images = Dataset.open(pictures).torch(
        label="isic2019", size="64:crop", transform=lambda picture: picture.size
    )
    assert len(images) == 10
    assert images.classes == ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK")
    size, number, isic_id = images[0]
    assert (size, images.classes[number], isic_id) == ((64, 64), "NV", "ISIC_9000000")


def test_the_classes_are_the_same_on_every_split_and_pickle(pictures: Path) -> None:
    dataset = Dataset.open(pictures)
    split = dataset.split("70:30")
    sides = [
        dataset.torch(split=name, of=split, label="isic2019", size="32") for name in split.images
    ]
    assert sides[0].classes == sides[1].classes
    assert len(sides[0]) + len(sides[1]) == 10
    assert pickle.loads(pickle.dumps(sides[0])).items == sides[0].items  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda data: data.labels("isic1999"), "isic1999"),
        (lambda data: data.split(), "give ratio or folds"),
        (lambda data: data.split("70:30", folds=3), "give ratio or folds"),
        (lambda data: data.cite("mla"), "style='mla'"),
        (lambda data: data.export("o", "tar"), "kind='tar'"),
        (lambda data: data.torch(size="big"), "big"),
    ],
)
def test_an_argument_that_cannot_be_is_named(pictures: Path, call: object, words: str) -> None:
    assert callable(call)
    with pytest.raises(IsicError, match=words):
        call(Dataset.open(pictures))


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        Dataset.open(tmp_path / "nothing")
    with pytest.raises(LocalError, match=r"no metadata\.csv"):
        Dataset.open(tmp_path)


def test_a_study_is_read_measured_and_reduced() -> None:
    with Archive.open("demo") as archive:
        study = archive.study("malignant or not")
        assert (len(study.images), len(study.annotators)) == (10, 4)
        assert len(study.responses()) == 110
        kappa = {
            row["coefficient"]: row["value"]
            for row in study.agreement(questions=["Is the lesion malignant?"])
        }
        assert kappa["Fleiss' κ"] == pytest.approx(7 / 15)
        assert len(study.consensus()) == 60
        with pytest.raises(UsageError, match="by='reader'"):
            study.agreement("reader")


def test_the_marks_of_a_study_are_masks_overlays_and_heat_maps() -> None:
    with Archive.open("demo") as archive:
        study = archive.study(2)
        first = study.annotations()[0]
        image, feature = first["image"], first["feature"]
        mask = study.mask(image, feature)
        size = study.superpixels(image).shape
        assert mask.shape == size
        assert 0 < mask.sum() < mask.size
        heat = np.asarray(study.heatmap(image, feature))
        assert heat.shape == (*size, 3)
        # What nobody marked stays gray; red leads where everybody marked.
        assert (heat[mask][:, 0] > heat[mask][:, 2]).all()
        assert study.overlay(image).size[0] >= size[1]
        with pytest.raises(UsageError, match="no feature 'milia'"):
            study.heatmap(image, "milia")
        with pytest.raises(IsicError, match="ISIC_0000001"):
            study.overlay("ISIC_0000001")


def test_a_study_is_read_from_a_table(tmp_path: Path) -> None:
    table = tmp_path / "answers.csv"
    table.write_text("image,annotator,answer\nISIC_0000001,a,yes\nISIC_0000001,b,no\n")
    study = ReaderStudy.open(table)
    assert study.annotators == ("a", "b")
    assert len(study.responses()) == 2


def test_duplicates_are_found_by_every_tier_that_the_command_has(
    pictures: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "twice"
    folder.mkdir()
    for path in pictures.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    first = next(iter(sorted(pictures.glob("ISIC_*.jpg"))))
    (folder / "ISIC_0000001.jpg").write_bytes(first.read_bytes())
    rows = Dataset.open(folder).dedupe().rows
    assert [(row["isic_ids"], row["method"]) for row in rows] == [
        (["ISIC_0000001", first.stem], "bytes")
    ]
    assert len(Dataset.open(folder).dedupe("id")) == 0


def test_a_data_set_is_audited_and_compared_with_others(pictures: Path, tmp_path: Path) -> None:
    dataset = Dataset.open(pictures)
    found = dataset.audit(["lesion", "impossible"])
    assert repr(found) == f"<ResultTable findings in {pictures}: {len(found)} rows, 7 columns>"
    assert {row["kind"] for row in found} <= {"lesion", "impossible"}
    first, second = dataset.images()[0], dataset.images()[1]
    other = tmp_path / "other.csv"
    other.write_text(f"isic_id\n{second['isic_id']}\n{first['isic_id']}\n", "utf-8")
    with pytest.warns(IsicWarning) as warned:
        shared = dataset.check_leak(other)
    assert "only one data set has pictures: copies were not looked for" in {
        str(one.message) for one in warned
    }
    assert sorted(row["value"] for row in shared if row["kind"] == "isic_id") == sorted(
        [first["isic_id"], second["isic_id"]]
    )
    with pytest.raises(UsageError, match="give two or more"):
        dataset.check_leak()
    with pytest.raises(UsageError, match="no kind 'nope'"):
        dataset.audit(["nope"])


def test_a_stable_split_keeps_its_groups_as_a_set_grows(tmp_path: Path) -> None:
    def table(count: int) -> Path:
        path = tmp_path / f"{count}.csv"
        rows = [f"ISIC_{number:07},IL_{number:07}" for number in range(1, count + 1)]
        path.write_text("\n".join(["isic_id,lesion_id", *rows]))
        return path

    few, many = Dataset.open(table(100)), Dataset.open(table(400))
    grown = many.split("70:30", stable=True).of
    assert {name: grown[name] for name in few.split("70:30", stable=True).of} == few.split(
        "70:30", stable=True
    ).of
    balanced = many.split("70:30").of
    assert any(balanced[name] != split for name, split in few.split("70:30").of.items())


def test_the_command_and_the_object_look_by_the_same_tiers() -> None:
    method = next(one for one in COMMANDS["dataset dedupe"].params if one.name == "method")
    assert method.default == ALL_TIERS


@pytest.mark.slow
def test_cells_of_a_table_become_what_they_say(tmp_path: Path) -> None:
    table = tmp_path / "m.csv"
    table.write_text(
        "isic_id,melanocytic,age_approx,clin_size_long_diam_mm\n"
        "ISIC_0000001,False,45.0,3.5\nISIC_0000002,True,NA,\nISIC_0000003,,60,nan\n"
    )
    images = Dataset.open(table).images()
    frame = images.to_pandas()
    assert frame["melanocytic"].tolist()[:2] == [False, True]
    assert frame["age_approx"].dropna().tolist() == [45, 60]
    assert [int(frame[name].isna().sum()) for name in frame.columns] == [0, 1, 1, 2]
    assert images.to_polars()["melanocytic"].to_list() == [False, True, None]
    assert images.to_arrow()["clin_size_long_diam_mm"].to_pylist() == [3.5, None, None]


def test_a_row_without_an_id_is_a_warning_wherever_rows_are_read(
    pictures: Path, tmp_path: Path
) -> None:
    table = tmp_path / "m.csv"
    text = (pictures / "metadata.csv").read_text("utf-8")
    table.write_text(text + "no id" + "," * text.splitlines()[0].count(",") + "\n")
    dataset = Dataset.open(table)
    for read in (
        dataset.images,
        dataset.stats,
        lambda: dataset.cite(archive="prod"),
        lambda: dataset.labels("isic2019"),
        lambda: dataset.split("70:30"),
        lambda: dataset.diff(pictures),
    ):
        with pytest.warns(IsicWarning, match="no ISIC id in 'no id'"):
            read()


def test_images_without_a_picture_or_a_label_are_counted(pictures: Path) -> None:
    dataset = Dataset.open(pictures)
    split = DatasetSplit({"ISIC_0000001": "train"}, {"train": 1}, {"train": 1})
    with pytest.warns(IsicWarning, match="1 images have no picture"):
        assert len(dataset.torch(split="train", of=split)) == 0
    with pytest.raises(UsageError, match="in the column split"):
        dataset.torch(split="train")


def test_an_answer_that_cannot_be_read_is_a_warning() -> None:
    data = StudyData("s", unreadable=(UnreadableAnswer("ISIC_0000001", "line 2: no number"),))
    with pytest.warns(IsicWarning, match="line 2: no number"):
        ReaderStudy(data)


def test_a_split_holds_out_ties_and_keeps_what_was(pictures: Path, tmp_path: Path) -> None:
    data = Dataset.open(pictures)
    rows = {row["isic_id"]: row for row in data.images()}
    site = rows[next(iter(rows))]["anatom_site_1"]
    held = data.split("70:30", hold_out={"anatom_site_1": site})
    assert {one for one in rows if rows[one]["anatom_site_1"] == site} <= set(held.ids("holdout"))
    first = data.split("70:30", seed=5)
    earlier = tmp_path / "split.csv"
    lines = [f"{isic_id},{split}" for isic_id, split in first.of.items()]
    earlier.write_text("\n".join(["isic_id,split", *lines]))
    assert data.split("70:30", previous=earlier).of == first.of
    assert len(data.check_split(earlier)) == 0
    sides = ["train", "test"] * 5
    lines = [f"{isic_id},{side}" for isic_id, side in zip(first.of, sides, strict=True)]
    torn = tmp_path / "torn.csv"
    torn.write_text("\n".join(["isic_id,split", *lines]))
    assert {len(row["sides"]) for row in data.check_split(torn)} == {2}
    one, other = first.ids("train")[0], first.ids("test")[0]
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(f"image_name_1,image_name_2\n{one},{other}\n")
    tied = data.split("70:30", pairs=[pairs], seed=5).of
    assert tied[one] == tied[other]
    with pytest.raises(UsageError, match="pairs is a list"):
        data.split("70:30", pairs="pairs.csv")
    with pytest.raises(UsageError, match="no field|has no column|colour"):
        data.split("70:30", hold_out={"colour": "red"})


def test_a_data_set_is_repaired_rebuilt_and_compared_with_itself(
    demo_by_name: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Archive.open("demo") as archive:
        archive.search(collections=[1], limit=4).download("out")
        archive.search(collections=[1], limit=2).download("old")
        copies = Dataset.open("out").dedupe(against=["old"])
    data = Dataset.open("out")
    assert [len(row["isic_ids"]) for row in copies] == [1, 1]
    with pytest.raises(UsageError, match="keep='smallest'"):
        data.dedupe(keep="smallest")
    changed, missing = sorted(Path("out").glob("*.jpg"))[:2]
    changed.write_bytes(b"other")
    missing.unlink()
    assert sorted(row["status"] for row in data.verify())[:2] == ["changed", "complete"]
    assert {row["status"] for row in data.verify(repair=True)} == {"complete"}
    missing.unlink()
    rebuilt = data.sync(locked=True)
    assert (rebuilt.ok, rebuilt.downloaded) == (True, (missing.stem,))
    Path("out/ISIC_0000001.jpg").write_bytes(b"mine")
    assert list(data.sync(locked=True).failed) == ["ISIC_0000001"]
    assert len(data.diff(at="2100-01-01")) == 0
    for wrong in ({}, {"other": "old", "at": "2100-01-01"}, {"other": "old", "only": "sex"}):
        with pytest.raises(UsageError):
            data.diff(**wrong)
    with pytest.raises(UsageError, match="locked deletes nothing"):
        data.sync(locked=True, delete=True)


@pytest.mark.usefixtures("demo_by_name")
def test_a_study_is_downloaded_and_opened_again(tmp_path: Path) -> None:
    with Archive.open("demo") as archive:
        study = archive.study(2)
        result = study.download(tmp_path / "study")
        assert (result.ok, sorted(result.downloaded)) == (True, sorted(study.images))
        assert [one.name for one in archive.collections(pinned=True)] != []
    again = ReaderStudy.open(tmp_path / "study" / "studies" / "2")
    assert again.annotations().rows == study.annotations().rows
    with pytest.raises(UsageError, match="in a folder already"):
        again.download(tmp_path / "other")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"along": "masks"}, "along='masks'"),
        ({"along": ["sounds"]}, "sounds"),
        ({"per_shard": 0}, "per_shard=0"),
        ({"prune_empty": True}, "imagefolder"),
    ],
)
def test_an_export_that_cannot_be_is_refused(
    pictures: Path, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        Dataset.open(pictures).export(tmp_path / "x", "csv", **options)
    assert not (tmp_path / "x").exists()


@pytest.mark.filterwarnings(
    "ignore:the export has no picture of:isic_cli.python.warned.IsicWarning"
)
def test_what_is_left_out_of_an_export_can_stay(pictures: Path, tmp_path: Path) -> None:
    data = Dataset.open(pictures)
    rows = data.export(
        tmp_path / "out", "webdataset", label="isic2018", keep_unmapped=True, per_shard=4
    )
    assert len(rows) == 10
    assert len(list((tmp_path / "out").rglob("*.tar"))) == 3

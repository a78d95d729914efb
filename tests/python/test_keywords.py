"""Keywords of transfers, dry runs and figures: each does what its option does."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from isic_cli import Archive, Dataset, ReaderStudy
from isic_cli.errors import (
    CheckError,
    LockedError,
    NotFoundError,
    StateError,
    UsageError,
)
from isic_cli.files.lock import folder_lock
from isic_cli.python.warned import IsicWarning
from tests.support.folders import make_folder
from tests.support.oauth import serve_oauth

pytestmark = pytest.mark.usefixtures("demo_by_name")

IDS = ["ISIC_9000002", "ISIC_9000003"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def copy(pictures: Path) -> Dataset:
    """Ten images of the demo, in a folder of their own."""
    target = shutil.copytree(pictures, "copy")
    return Dataset.open(target)


def listed(folder: str) -> list[str]:
    """Return the files of a folder, and when each was written."""
    return sorted(f"{one} {one.stat().st_mtime_ns}" for one in Path(folder).rglob("*"))


def test_a_download_has_a_layout_and_proves_pictures_as_it_is_told() -> None:
    with Archive.open("demo") as archive:
        done = archive.search(ids=IDS).download(
            "out",
            layout="{isic_id:.7}/{isic_id}.{ext}",
            check="decode",
            jobs=1,
            rate=1000,
            bandwidth=10**9,
            serial=True,
            force=True,
        )
        assert done.downloaded == tuple(IDS)
        assert [path.parent.name for path in sorted(Path("out").rglob("ISIC*.jpg"))] == [
            "ISIC_90"
        ] * 2
        small = archive.download(archive.search(ids=IDS), "small", max_size=10)
        assert sorted(small.failed) == IDS
        assert "bytes" in small.failed[IDS[0]]


def test_a_dry_run_touches_nothing_and_names_what_would_be_fetched() -> None:
    with Archive.open("demo") as archive:
        images = archive.search(ids=[*IDS, "ISIC_9999999"])
        first = images.download("out", dry_run=True)
        assert (first.planned, first.downloaded, first.skipped) == (tuple(IDS), (), ())
        assert list(first.failed) == ["ISIC_9999999"]
        assert repr(first) == (
            "<DownloadResult out: 0 downloaded, 0 already there, 2 to fetch, 1 FAILED>"
        )
        assert not Path("out").exists()
        archive.search(ids=IDS[:1]).download("out")
        before = listed("out")
        again = archive.search(ids=IDS).download("out", dry_run=True)
        assert (again.planned, again.skipped, again.ok) == (tuple(IDS[1:]), tuple(IDS[:1]), True)
        assert [row["status"] for row in again.table] == ["skipped", "fetch"]
        assert listed("out") == before


def test_a_folder_that_another_run_holds_is_refused_at_once_or_waited_for() -> None:
    with Archive.open("demo") as archive, folder_lock(Path("out")):
        for wait in (0, 0.01):
            with pytest.raises(LockedError):
                archive.search(ids=IDS).download("out", wait=wait)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"check": "looks"}, "check='looks'"),
        ({"jobs": 0}, "jobs=0 is not from 1 to 64"),
        ({"jobs": 65}, "jobs=65 is not from 1 to 64"),
        ({"rate": 0}, "rate=0 is not above 0"),
        ({"bandwidth": -1}, "bandwidth=-1 is not above 0"),
        ({"max_size": 0}, "max_size=0 is not above 0"),
        ({"wait": -1}, "wait=-1 is below 0"),
    ],
)
def test_a_value_that_cannot_be_is_named_before_anything_is_sent(
    given: dict[str, Any], said: str, copy: Dataset
) -> None:
    with Archive.open("https://archive.invalid") as archive:
        images = archive.search(ids=IDS)
        calls: list[Callable[..., object]] = [
            partial(images.download, "out"),
            partial(images.gallery, "out"),
            copy.sync,
            copy.verify,
        ]
        for call in calls:
            with pytest.raises(UsageError) as caught:
                call(**given)
            assert caught.value.message == said
    assert not Path("out").exists()


def test_a_gallery_refuses_large_files_too() -> None:
    with Archive.open("demo") as archive:
        made = archive.search(ids=IDS).gallery("page", max_size=10, jobs=1, check="decode")
        assert sorted(made.failed) == IDS


def test_a_synchronisation_has_a_dry_run(copy: Dataset) -> None:
    gone = copy.folder / "ISIC_9000002.jpg"
    gone.unlink()
    before = listed("copy")
    planned = copy.sync(dry_run=True, jobs=2, timeout=5, retries=1)
    assert (planned.planned, len(planned.skipped), planned.ok) == (("ISIC_9000002",), 9, True)
    assert listed("copy") == before
    with pytest.raises(UsageError, match="locked has no dry run"):
        copy.sync(locked=True, dry_run=True)
    done = copy.sync(max_size=10**9, bandwidth=10**9, rate=1000, check="decode", wait=1)
    assert done.downloaded == ("ISIC_9000002",)


def test_what_is_missing_is_fetched_again_with_limits(copy: Dataset) -> None:
    (copy.folder / "ISIC_9000002.jpg").unlink()
    refused = copy.verify(repair=True, max_size=10)
    assert [row["status"] for row in refused if row["isic_id"] == "ISIC_9000002"] == ["missing"]
    whole = copy.verify(repair=True, jobs=1, check="decode")
    assert {row["status"] for row in whole} == {"complete"}


def test_an_export_has_a_dry_run(copy: Dataset) -> None:
    planned = copy.export("out", "imagefolder", label="diagnosis_1", dry_run=True)
    assert planned.columns == ("split", "label", "images")
    assert not Path("out").exists()
    made = copy.export("out", "imagefolder", label="diagnosis_1", jobs=1)
    assert len(made) == sum(row["images"] for row in planned) == 10


def test_copies_and_leaks_are_looked_for_with_the_keywords_of_the_commands(copy: Dataset) -> None:
    with pytest.raises(UsageError, match="approximate is a search among embeddings"):
        copy.dedupe(approximate=True)
    with pytest.raises(UsageError, match="jobs=0"):
        copy.audit(jobs=0)
    rows = [f"{row['isic_id']},{float(number == 0)},1" for number, row in enumerate(copy.images())]
    Path("vectors.csv").write_text("\n".join(["isic_id,a,b", *rows]))
    exact, near = (
        copy.dedupe("id", embeddings="vectors.csv", approximate=one, jobs=1)
        for one in (False, True)
    )
    assert [row["isic_ids"] for row in near] == [row["isic_ids"] for row in exact]
    Path("pairs.csv").write_text("a,b\nISIC_9000002,ISIC_0000001\n")
    Path("other.csv").write_text("isic_id\nISIC_0000001\n")
    with pytest.warns(IsicWarning):
        leaks = copy.check_leak("other.csv", pairs=["pairs.csv"], method="id", jobs=1)
    assert [row["kind"] for row in leaks] == ["duplicate"]


def test_figures_are_drawn_of_statistics_and_of_agreement(copy: Dataset) -> None:
    pytest.importorskip("matplotlib")
    copy.stats(label="isic2019", plot="stats.svg")
    assert "copy" in Path("stats.svg").read_text()
    with Archive.open("demo") as archive:
        study = archive.study(1)
    study.agreement("annotator", annotators=study.annotators[:2], plot=Path("agreement.svg"))
    assert study.title in Path("agreement.svg").read_text()
    refused: dict[str, Callable[[], object]] = {
        "a plot is .png": lambda: copy.stats(plot="stats.txt"),
        "plot draws the whole": lambda: copy.stats("sex", plot="stats.png"),
        "an image alone has none": lambda: study.agreement("image", plot="a.png"),
        "a.txt: a plot is .png": lambda: study.agreement(plot="a.txt"),
    }
    for said, call in refused.items():
        with pytest.raises(UsageError, match=said):
            call()


def test_a_study_is_planned_widened_and_read_from_a_table_of_other_names() -> None:
    with Archive.open("demo") as archive:
        study = archive.study(1)
        planned = study.download("study", dry_run=True, jobs=1)
        assert (sorted(planned.planned), Path("study").exists()) == (sorted(study.images), False)
    wide = study.responses(wide=True)
    assert len(wide) == len({(row["image"], row["annotator"]) for row in study.responses()})
    Path("t.csv").write_text("picture,who,said\nISIC_0000001,a,1\nISIC_0000001,b,2\n")
    long = ("picture", "who", "said")
    numbers = ReaderStudy.open("t.csv", answers="numbers", long=long).responses()
    choices = ReaderStudy.open("t.csv", answers="choices", long=long, images=["."]).responses()
    assert ([row["answer"] for row in numbers], [row["answer"] for row in choices]) == (
        [1.0, 2.0],
        ["1", "2"],
    )
    with pytest.raises(UsageError, match="describe a table"):
        ReaderStudy.open(".", long=long)
    with pytest.raises(UsageError, match="answers='words'"):
        ReaderStudy.open("t.csv", answers="words")  # type: ignore[arg-type]


def test_labels_go_where_they_are_told_to(copy: Dataset) -> None:
    plain = copy.labels("isic2019", column="class", explain=False)
    assert "class" in plain.columns
    assert "label_rule" not in plain.columns
    assert "MEL" in copy.labels("isic2019", one_hot=True).columns
    Path("old.csv").write_text("isic_id,diagnosis\nISIC_0000001,nevus\n")
    tree = Dataset.open("old.csv").labels(to="tree")
    assert tree[0]["diagnosis_1"] == "Benign"
    with pytest.raises(UsageError, match="no scheme is given"):
        copy.labels()
    with pytest.raises(UsageError, match="to='x'"):
        copy.labels(to="x")  # type: ignore[arg-type]


def test_a_citation_names_collections_and_refuses_a_licence(copy: Dataset) -> None:
    cited = copy.cite("bibtex", collections=[1], archive="demo").text
    assert "10.5555/isic-demo-1" in cited
    with pytest.raises(CheckError, match="are not under CC-0 or freer"):
        copy.cite(fail_license="cc-0")
    with pytest.raises(UsageError, match="fail_license='free'"):
        copy.cite(fail_license="free")


def test_changes_of_a_collection_can_be_tried() -> None:
    folder = make_folder(Path("archive"))
    with Archive.open(folder) as archive:
        nevi, others = archive.collection("Nevi"), archive.collection(9)
        before = nevi.images().ids()
        told = [*nevi.add(["ISIC_0000001"], dry_run=True), *nevi.remove(before, dry_run=True)]
        assert {row["status"] for row in told} == {"ready"}
        nevi.delete(dry_run=True)
        assert archive.collection("Nevi").images().ids() == before
        with pytest.raises(StateError):
            others.delete(dry_run=True)
        both = [row["isic_id"] for row in nevi.diff(9) if row["in"] == "a"]
        assert [row["isic_id"] for row in nevi.diff(9, only="a")] == both
        with pytest.raises(UsageError, match="only='c'"):
            nevi.diff(9, only="c")  # type: ignore[arg-type]
        assert others.cite("apa", offline=True) == archive.cite(9, "apa", offline=True)
        assert {one.doi for one in archive.collections(doi=True)} == {"10.34970/123456"}


def test_lists_of_the_archive_are_narrowed() -> None:
    with Archive.open("demo") as archive:
        every = list(archive.lesions())
        some = list(archive.lesions(longitudinal=True, min_images=2))
        assert 0 < len(some) < len(every)
        assert all(one.longitudinally_monitored for one in some)
        counts = archive.search().stats(hist="age_approx", missing=True)
        assert len(counts) > len(archive.search().stats())
        with pytest.raises(UsageError, match="max_age is about the index"):
            archive.search(max_age=timedelta(days=1))
        with pytest.raises(NotFoundError, match="index"):
            archive.sql("select 1", max_age=timedelta(days=1))
        with pytest.raises(NotFoundError, match="index"):
            archive.search(offline=True, max_age=timedelta(days=1)).count()


def test_images_that_are_alike_are_those_as_near_as_is_told() -> None:
    with Archive.open("demo") as archive:
        records = [archive.image(one).record.to_json() for one in (*IDS, "ISIC_9000004")]
    near = [one | {"distance": n / 10} for n, one in enumerate(records, start=1)]
    with serve_oauth() as served:
        served.pages = {"/api/v2/images/ISIC_0000009/similar/": near}
        with Archive.open(served.url, token="secret") as archive:
            found = archive.similar("ISIC_0000009", max_distance=0.2)
    assert [(image.isic_id, distance) for image, distance in found] == [
        (IDS[0], 0.1),
        (IDS[1], 0.2),
    ]

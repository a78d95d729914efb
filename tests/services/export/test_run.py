import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from isic_cli.errors import LocalError
from isic_cli.models.outcomes import Outcome
from isic_cli.services.export import run
from isic_cli.services.export.options import ExportOptions, Kind, Link
from isic_cli.services.export.run import Exporter
from isic_cli.services.export.state import DoneFiles, ExportState, claim
from isic_cli.services.run.workers import ExecutorSpec, Workers, open_workers
from tests.support.folders import ROWS, make_folder

MANY = [{**ROWS[0], "isic_id": f"ISIC_{number:07d}"} for number in range(1, 41)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "many", MANY, [])


@contextmanager
def running(options: ExportOptions) -> Iterator[Iterator[Outcome]]:
    claim(options)
    with ExportState(options.out).open(options.recipe) as state, threads() as workers:
        yield Exporter(options).run(state, workers)


@contextmanager
def threads() -> Iterator[Workers]:
    # One thread is at most 24 pictures ahead of the reader, which leaves some of the 40 for later.
    with open_workers(ExecutorSpec(jobs=1)) as workers:
        yield workers


def whole(options: ExportOptions) -> list[Outcome]:
    with running(options) as events:
        return list(events)


def test_a_stopped_export_has_no_table_and_the_next_run_goes_on(folder: Path) -> None:
    options = ExportOptions(folder, folder.parent / "out", "csv")
    with running(options) as events:
        for _ in range(9):
            next(events)
    assert not (options.out / "data.csv").exists()
    assert not (options.out / ".isic" / "parts").exists()
    second = whole(options)
    fresh = [event for event in second if event.status == "exported"]
    assert len(second) == 40
    assert len(fresh) == 31
    assert len((options.out / "data.csv").read_text().splitlines()) == 41


def test_pictures_that_are_there_are_told_of_before_all_are_known(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_MOST_WAITING", 4)
    options = ExportOptions(folder, folder.parent / "out", "csv")
    whole(options)
    job = Exporter(options)
    with ExportState(options.out).open(options.recipe) as state, threads() as workers:
        events = job.run(state, workers)
        first = next(events)
        assert job.catalogue.rows < 30
        rest = list(events)
    assert [one.isic_id for one in (first, *rest)] == [row["isic_id"] for row in MANY]
    assert {one.status for one in (first, *rest)} == {"skipped"}


def test_what_a_killed_run_left_half_done_is_cleared(folder: Path) -> None:
    options = ExportOptions(folder, folder.parent / "out", "csv")
    whole(options)
    journal = options.out / ".isic" / "export.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:30]) + lines[30][:20])
    (options.out / ".isic" / "parts").mkdir()
    (options.out / ".isic" / "parts" / "ISIC_0000031").write_bytes(b"half")
    again = whole(options)
    assert sum(event.status == "exported" for event in again) == 10
    assert not (options.out / ".isic" / "parts").exists()
    paths = [json.loads(line)["path"] for line in journal.read_text().splitlines()]
    assert sorted(paths) == [f"images/ISIC_{number:07d}.jpg" for number in range(1, 41)]


@pytest.mark.parametrize(
    ("kind", "name"),
    [("imagefolder", "images/Malignant/ISIC_0000001.jpg"), ("croissant", "ISIC_0000001.jpg")],
)
def test_a_croissant_knows_pictures_by_their_bare_names(
    folder: Path, kind: Kind, name: str
) -> None:
    label = "diagnosis_1" if kind == "imagefolder" else None
    options = ExportOptions(folder, folder.parent / "out", kind, label=label)
    whole(options)
    with (options.out / "metadata.csv").open(encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))
    assert first["file_name"] == name


def test_a_stopped_shard_is_not_there(folder: Path) -> None:
    options = ExportOptions(folder, folder.parent / "out", "webdataset", per_shard=15)
    with running(options) as events:
        for _ in range(20):
            next(events)
    assert sorted(path.name for path in options.out.glob("*.tar")) == ["images-000000.tar"]
    fresh = [event for event in whole(options) if event.status == "exported"]
    assert len(fresh) == 25


@pytest.mark.parametrize(
    ("kind", "path"), [("csv", "images/ISIC_0000001.jpg"), ("zip", "images-000000.zip")]
)
def test_a_place_that_cannot_be_written_ends_the_run(folder: Path, kind: Kind, path: str) -> None:
    options = ExportOptions(folder, folder.parent / "out", kind)
    whole(options)
    (options.out / path).unlink()
    (options.out / path / "in the way").mkdir(parents=True)
    with pytest.raises(LocalError, match=path.rpartition("/")[2]):
        whole(options)


@pytest.mark.parametrize("link", ["hard", "sym", "copy"])
def test_a_picture_that_goes_away_meanwhile_is_told(folder: Path, link: Link) -> None:
    options = ExportOptions(folder, folder.parent / "out", "csv", link=link)
    with running(options) as events:
        first = next(events)
        (folder / "ISIC_0000040.jpg").unlink()
        rest = list(events)
    assert first.status == "exported"
    assert rest[-1] == Outcome(
        "ISIC_0000040", "failed", "cannot be read: No such file or directory"
    )
    assert (options.out / "data.csv").read_text().count("\n") == 40


def test_a_damaged_recipe_is_a_local_error(folder: Path) -> None:
    options = ExportOptions(folder, folder.parent / "out", "csv")
    whole(options)
    (options.out / ".isic" / "export.json").write_text("{")
    with pytest.raises(LocalError, match=r"export.json is damaged"):
        claim(options)


def test_files_that_share_a_name_are_all_done() -> None:
    paths = ("train/ISIC_0000001.a.jpg", "train/ISIC_0000001.b.jpg", "val/ISIC_0000001.jpg")
    done = DoneFiles()
    for path in (*paths, paths[0]):
        done.add(path)
    assert (len(done), sorted(done)) == (3, sorted(paths))
    assert all(path in done for path in paths)
    assert "val/ISIC_0000001.b.jpg" not in done

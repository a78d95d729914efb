"""torchvision's documented rule for class folders, word for word, on every root of an export.

`torchvision.datasets.DatasetFolder`: the classes are the folders directly below the root, sorted by
name; their numbers are their places; a class without a file of a known ending is an error unless
`allow_empty=True`.
"""

import json
from pathlib import Path

import pytest

from isic_cli.services.export.options import ExportOptions
from isic_cli.services.export.run import Exporter
from isic_cli.services.export.state import ExportState, claim
from isic_cli.services.run.workers import ExecutorSpec, open_workers
from tests.support.folders import make_folder

ENDINGS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
LABELS = ("b/c", "B10", "a", "B9", "", "a")
SPLITS = ("train", "train", "val", "train", "val", "test")


def find_classes(root: Path) -> dict[str, int]:
    classes = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"Couldn't find any class folder in {root}.")
    return {name: number for number, name in enumerate(classes)}


def image_folder(root: Path, *, allow_empty: bool = False) -> dict[str, int]:
    """Return the class of each picture."""
    found: dict[str, int] = {}
    for name, number in find_classes(root).items():
        files = [path for path in (root / name).rglob("*") if path.name.lower().endswith(ENDINGS)]
        if not files and not allow_empty:
            raise FileNotFoundError(f"Found no valid file for the classes {name}.")
        found |= {path.stem: number for path in files}
    return found


def exported(tmp_path: Path, *, split: bool = False, prune_empty: bool = False) -> Exporter:
    columns = {"attribution": "A", "copyright_license": "CC-0"}
    rows = [
        {"isic_id": f"ISIC_{at:07d}", **columns, "kind": label, "fold": side}
        for at, (label, side) in enumerate(zip(LABELS, SPLITS, strict=True), 1)
    ]
    make_folder(tmp_path / "in", rows, [])
    options = ExportOptions(
        tmp_path / "in",
        tmp_path / "out",
        "imagefolder",
        label="kind",
        split="fold" if split else None,
        prune_empty=prune_empty,
    )
    claim(options)
    job = Exporter(options)
    with (
        open_workers(ExecutorSpec(jobs=2)) as workers,
        ExportState(options.out).open(options.recipe) as state,
    ):
        assert sum(1 for _ in job.run(state, workers)) == 5
    return job


def numbers(out: Path) -> dict[str, int]:
    found = json.loads((out / "classes.json").read_text("utf-8"))["classes"]
    return {one["folder"]: one["index"] for one in found}


@pytest.mark.parametrize("root", ["train", "val", "test"])
def test_every_split_has_the_numbers_of_classes_json(tmp_path: Path, root: str) -> None:
    exported(tmp_path, split=True)
    assert find_classes(tmp_path / "out" / root) == numbers(tmp_path / "out")
    assert numbers(tmp_path / "out") == {"B10": 0, "B9": 1, "a": 2, "b_c": 3}


def test_the_pictures_of_all_splits_have_one_numbering(tmp_path: Path) -> None:
    exported(tmp_path, split=True)
    found: dict[str, int] = {}
    for root in ("train", "val", "test"):
        found |= image_folder(tmp_path / "out" / root, allow_empty=True)
    assert found == {
        "ISIC_0000001": 3, "ISIC_0000002": 0, "ISIC_0000003": 2, "ISIC_0000004": 1,
        "ISIC_0000006": 2,
    }  # fmt: skip


def test_without_a_split_the_root_holds_nothing_but_classes(tmp_path: Path) -> None:
    exported(tmp_path)
    root = tmp_path / "out" / "images"
    assert all(entry.is_dir() for entry in root.iterdir())
    assert image_folder(root)["ISIC_0000001"] == numbers(tmp_path / "out")["b_c"]


def test_class_maps_have_the_folders_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    exported(tmp_path, split=True)
    for name in ("classes.txt", "class_map.txt"):
        assert (tmp_path / "out" / name).read_text("utf-8") == "B10\nB9\na\nb_c\n"
    found = json.loads((tmp_path / "out/classes.json").read_text("utf-8"))["classes"]
    assert found[3] == {
        "index": 3,
        "folder": "b_c",
        "label": "b/c",
        "pictures": {"train": 1, "val": 0, "test": 0},
    }


def test_a_split_without_some_class_is_told(tmp_path: Path) -> None:
    assert exported(tmp_path, split=True).missing_classes() == [
        "train has no picture of a",
        "val has no picture of B10, B9, b/c",
        "test has no picture of B10, B9, b/c",
    ]


def test_empty_folders_can_be_pruned(tmp_path: Path) -> None:
    exported(tmp_path, split=True, prune_empty=True)
    assert find_classes(tmp_path / "out" / "val") == {"a": 0}
    assert image_folder(tmp_path / "out" / "val") == {"ISIC_0000003": 0}
    assert list(numbers(tmp_path / "out")) == ["B10", "B9", "a", "b_c"]

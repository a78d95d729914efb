"""The drawn demo archive."""

import csv
import json
import threading
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from isic_metadata.metadata import MetadataBatch, MetadataRow
from PIL import Image

from isic_cli.demo import DrawnFiles, demo_folder
from isic_cli.demo.drawing import draw, superpixels, to_rgb, within
from isic_cli.demo.rows import BYTES, shots
from isic_cli.errors import LocalError
from isic_cli.folder.store import FolderStore
from isic_cli.folder.transport import FolderTransport
from isic_cli.models.dictionary import is_old_dictionary


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_two_drawings_are_the_same_byte_for_byte(demo: Path) -> None:
    bodies: dict[str, bytes] = {}
    for shot in list(shots())[11:16]:  # a tile, a dermoscopic PNG, and three confocal ones, a TIFF
        bodies |= draw(shot)
    assert len(bodies) == 12
    assert bodies == {name: (demo / name).read_bytes() for name in bodies}


def test_the_bytes_of_a_picture_are_known_before_it_is_drawn(demo: Path) -> None:
    """About: another version of Pillow may encode one in a few bytes more or fewer."""
    drawn = [(demo / shot.files[0]).stat().st_size for shot in shots()]
    assert drawn == pytest.approx(BYTES, rel=0.05)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


TABLES = [
    "attribution.txt",
    "collections.json",
    "metadata.csv",
    "studies/1/annotations.json",
    "studies/1/responses.csv",
    "studies/1/study.json",
    "studies/2/responses.csv",
    "studies/2/study.json",
]


def test_a_listing_draws_nothing_and_a_picture_only_what_belongs_to_it(tmp_path: Path) -> None:
    folder = demo_folder(tmp_path)
    store = FolderStore.open(folder, writable=False, maker=DrawnFiles(folder))
    with httpx.Client(transport=FolderTransport(store), base_url="http://demo") as client:
        listed = client.get("/api/v2/images/?limit=1").json()["results"]
        assert names(folder) == TABLES
        assert listed[0]["files"]["full"]["size"] == 52596
        assert len(client.get("/images/ISIC_9000001.jpg").content) == pytest.approx(45698, rel=0.05)
        assert names(folder) == sorted([*TABLES, *list(shots())[1].files])


@pytest.mark.slow
def test_a_study_s_markups_are_drawn_when_studies_are_asked_for(demo: Path, tmp_path: Path) -> None:
    folder = demo_folder(tmp_path)
    store = FolderStore.open(folder, writable=False, maker=DrawnFiles(folder))
    assert len(store.studies[2].annotated()[1]) == 20
    made = "studies/2/annotations.json"
    assert (folder / made).read_bytes() == (demo / made).read_bytes()
    assert len(list((folder / "studies/2/masks").iterdir())) == 40


def test_there_are_sixty_pictures_of_every_kind(demo: Path) -> None:
    table = rows(demo / "metadata.csv")
    pictures = sorted(path.name for path in demo.glob("ISIC_*"))
    assert [path.partition(".")[0] for path in pictures] == [row["isic_id"] for row in table]
    assert Counter(Path(name).suffix for name in pictures) == {".jpg": 58, ".png": 1, ".tif": 1}
    assert Counter(row["image_type"] for row in table) == {
        "dermoscopic": 46,
        "clinical: close-up": 5,
        "clinical: overview": 1,
        "TBP tile: close-up": 4,
        "TBP tile: overview": 1,
        "RCM: macroscopic": 1,
        "RCM: tile": 1,
        "RCM: mosaic": 1,
    }


def test_every_field_of_the_archive_has_values(demo: Path) -> None:
    table = rows(demo / "metadata.csv")
    fields = {name for row in table for name, cell in row.items() if cell}
    assert fields == {
        *("isic_id", "attribution", "copyright_license", "pixels_x", "pixels_y", "sex"),
        *("age_approx", "acquisition_day", "patient_id", "lesion_id", "rcm_case_id"),
        *(f"diagnosis_{level}" for level in range(1, 6)),
        *(f"anatom_site_{level}" for level in range(1, 6)),
        *("anatom_site_special", "diagnosis_confirm_type", "melanocytic", "concomitant_biopsy"),
        *("mel_thick_mm", "mel_mitotic_index", "mel_ulcer", "clin_size_long_diam_mm"),
        *("personal_hx_mm", "family_hx_mm", "fitzpatrick_skin_type", "image_type"),
        *("dermoscopic_type", "tbp_tile_type", "image_manipulation"),
    }
    assert {row["age_approx"] for row in table} == {str(age) for age in range(0, 90, 5)}
    assert {row["copyright_license"] for row in table} == {"CC-0", "CC-BY", "CC-BY-NC"}
    assert {row["diagnosis_1"] for row in table} == {"Benign", "Indeterminate", "Malignant"}
    assert {row["fitzpatrick_skin_type"] for row in table} == {
        "",
        "I",
        "II",
        "III",
        "IV",
        "V",
        "VI",
    }


#: `isic_metadata` wants the older general site beside a special one.
GENERAL = {
    "Upper extremity": "upper extremity",
    "Lower extremity": "lower extremity",
    "Anogenital region": "oral/genital",
}


def checked(row: dict[str, str]) -> MetadataRow:
    outside = {"isic_id", "attribution", "copyright_license", "pixels_x", "pixels_y"}
    cells: dict[str, Any] = {name: cell for name, cell in row.items() if name not in outside}
    cells["age"] = cells.pop("age_approx")
    if cells["anatom_site_special"]:
        cells["anatom_site_general"] = GENERAL[cells["anatom_site_1"]]
    found = MetadataRow(**cells)
    assert set(found.unstructured) <= (set() if is_old_dictionary() else {"anatom_site_general"})
    return found


def test_every_row_passes_the_archive_s_own_checks(demo: Path) -> None:
    table = rows(demo / "metadata.csv")
    found = [checked(row) for row in table]
    MetadataBatch(items=found)
    levels = [[getattr(one, f"diagnosis_{level}") for level in range(1, 6)] for one in found]
    assert levels == [[row[f"diagnosis_{level}"] or None for level in range(1, 6)] for row in table]


def test_lesions_have_several_images_and_patients_several_lesions(demo: Path) -> None:
    table = rows(demo / "metadata.csv")
    images = Counter(row["lesion_id"] for row in table)
    lesions = Counter(
        lesion[1] for lesion in {(row["lesion_id"], row["patient_id"]) for row in table}
    )
    assert (len(images), max(images.values()), len(lesions)) == (43, 4, 18)
    assert min(lesions.values()) == 1
    assert max(lesions.values()) == 4


def test_the_pictures_have_the_size_the_table_says(demo: Path) -> None:
    for row in rows(demo / "metadata.csv"):
        (path,) = demo.glob(f"{row['isic_id']}.*")
        with Image.open(path) as picture:
            picture.load()
            assert picture.size == (int(row["pixels_x"]), int(row["pixels_y"]))
        with Image.open(demo / "thumbnails" / f"{row['isic_id']}_thumbnail.jpg") as small:
            assert max(small.size) == 256


def test_five_collections_of_which_two_differ_by_case_only(demo: Path) -> None:
    store = FolderStore.open(demo)
    names = {one.id: one.name for one in store.collections.values()}
    assert names == {
        1: "Demo challenge 2026: training",
        2: "Drawn nevi",
        3: "drawn nevi",
        4: "Melanoma, drawn & imagined",
        5: "Collection of the demo studies",
    }
    assert {number: len(store.members(number)) for number in names} == {
        1: 30,
        2: 22,
        3: 6,
        4: 15,
        5: 13,
    }
    assert [one.id for one in store.collections.values() if one.locked and one.doi] == [1]
    assert [one.id for one in store.collections.values() if one.pinned] == [4]


def neighbours_agree(labels: np.ndarray[Any, Any]) -> int:
    """How many connected patches there are, by joining equal neighbours pixel by pixel."""
    height, width = labels.shape
    parent = list(range(height * width))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    flat = labels.ravel().tolist()
    for at, label in enumerate(flat):
        if at % width and flat[at - 1] == label:
            parent[root(at)] = root(at - 1)
        if at >= width and flat[at - width] == label:
            parent[root(at)] = root(at - width)
    return sum(parent[at] == at for at in range(height * width))


def decoded(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as picture:
        assert picture.mode == "RGB"
        rgb = np.asarray(picture).astype(np.uint32)
    labels: np.ndarray[Any, Any] = rgb[..., 0] + (rgb[..., 1] << 8) + (rgb[..., 2] << 16)
    return labels


def test_superpixels_are_connected_and_number_from_zero(demo: Path) -> None:
    labels = decoded(demo / "superpixels" / "ISIC_9000002_superpixels.png")
    count = int(labels.max()) + 1
    assert labels.shape == (480, 720)
    assert np.unique(labels).tolist() == list(range(count))
    assert 950 < count < 1050
    assert neighbours_agree(labels[::2, ::2]) == count


@pytest.mark.slow
def test_every_dermoscopic_picture_has_superpixels_and_a_segmentation(demo: Path) -> None:
    wanted = [row for row in rows(demo / "metadata.csv") if row["image_type"] == "dermoscopic"]
    assert len(list((demo / "superpixels").iterdir())) == len(wanted)
    for row in wanted:
        size = int(row["pixels_y"]), int(row["pixels_x"])
        labels = decoded(demo / "superpixels" / f"{row['isic_id']}_superpixels.png")
        with Image.open(demo / "masks" / f"{row['isic_id']}_segmentation.png") as picture:
            mask = np.asarray(picture)
        assert (labels.shape, mask.shape, picture.mode) == (size, size, "L")
        assert np.unique(mask).tolist() == [0, 255]
        assert 0.05 < np.mean(mask == 255) < 0.6


def test_attribute_masks_are_unions_of_superpixels(demo: Path) -> None:
    paths = sorted((demo / "masks").glob("*_attribute_*.png"))
    assert len(paths) == 30
    for path in paths[::5]:
        labels = decoded(demo / "superpixels" / f"{path.name[:12]}_superpixels.png")
        with Image.open(path) as picture:
            mask = np.asarray(picture) == 255
        sizes = np.bincount(labels.ravel())
        covered = np.bincount(labels.ravel(), weights=mask.ravel())
        assert set(np.unique(covered / sizes).tolist()) == {0.0, 1.0}


def test_a_patch_follows_a_sharp_edge() -> None:
    picture = np.full((200, 300, 3), 200, np.uint8)
    picture[:, 120:] = 40
    labels = superpixels(picture, 1)
    left = np.zeros(labels.shape, bool)
    left[:, :120] = True
    inside = within(labels, left)
    assert np.array_equal(np.isin(labels, inside), left)


def test_labels_above_255_use_green() -> None:
    labels = np.array([[0, 255, 256, 999]], np.uint16)
    assert to_rgb(labels).tolist() == [[[0, 0, 0], [255, 0, 0], [0, 1, 0], [231, 3, 0]]]


def ratings(demo: Path, study: int, question: str) -> dict[str, list[str]]:
    """Answers to a question by image, in the order of the readers."""
    found: dict[str, list[str]] = {}
    for row in rows(demo / "studies" / str(study) / "responses.csv"):
        if row["question"] == question:
            found.setdefault(row["image"], []).append(row["answer"])
    return found


def test_readers_agree_on_malignancy_to_seven_fifteenths(demo: Path) -> None:
    answers = ratings(demo, 1, "Is the lesion malignant?")
    pairs = [
        sum(one == other for one, other in combinations(four, 2)) / 6 for four in answers.values()
    ]
    observed = sum(pairs) / len(pairs)
    yes = Counter(answer for four in answers.values() for answer in four)
    chance = sum((count / 40) ** 2 for count in yes.values())
    assert yes == {"Yes": 20, "No": 20}
    assert observed == pytest.approx(11 / 15)
    assert (observed - chance) / (1 - chance) == pytest.approx(7 / 15)


def test_diameters_differ_by_the_reader_alone(demo: Path) -> None:
    answers = ratings(demo, 1, "Estimated diameter (mm)")
    sizes = np.array(
        [[float(json.loads(text)["value"]) for text in four] for four in answers.values()]
    )
    image, reader = sizes.mean(axis=1), sizes.mean(axis=0)
    assert np.allclose(sizes, image[:, None] + reader[None, :] - sizes.mean())
    by_image, by_reader = image.var(ddof=1), reader.var(ddof=1)
    assert by_image / (by_image + by_reader) == pytest.approx(11 / 13)


def test_patterns_hold_a_choice_with_a_bar(demo: Path) -> None:
    answers = {
        text for four in ratings(demo, 1, "Which patterns are present?").values() for text in four
    }
    assert answers == {
        "Network",
        "Globules",
        "Network|Globules",
        "Clods | lacunae",
        "Globules|Clods | lacunae",
        "Network|Clods | lacunae",
        "Network|Globules|Clods | lacunae",
    }


def test_one_answer_and_one_duration_are_missing(demo: Path) -> None:
    sure = ratings(demo, 2, "How sure are you?")
    table = rows(demo / "studies" / "1" / "responses.csv")
    assert [len(four) for four in sure.values()] == [4, 4, 4, 4, 3]
    assert all(len(set(four)) == 1 for four in sure.values())
    silent = {(row["image"], row["annotator"]) for row in table if not row["annotation_duration"]}
    assert len(silent) == 1


def test_marked_superpixels_agree_to_five_sixths(demo: Path) -> None:
    kept = json.loads((demo / "studies" / "2" / "annotations.json").read_text("utf-8"))
    by_image: dict[str, list[dict[str, Any]]] = {}
    for one in kept["annotations"]:
        by_image.setdefault(one["image"], []).append(one["markups"])
    assert len(by_image) == 5
    for image, readers in by_image.items():
        labels = decoded(demo / "superpixels" / f"{image}_superpixels.png")
        for feature in ("1", "2"):
            marked = [np.array(markups[feature]["superpixels"]) for markups in readers]
            assert {values.size for values in marked} == {int(labels.max()) + 1}
            sets = [set(np.flatnonzero(values).tolist()) for values in marked]
            assert all(sets)
            dice = [2 * len(a & b) / (len(a) + len(b)) for a, b in combinations(sets, 2)]
            iou = [len(a & b) / len(a | b) for a, b in combinations(sets, 2)]
            assert sum(dice) / 6 == pytest.approx(5 / 6)
            assert sum(iou) / 6 == pytest.approx(3 / 4)
            assert set(marked[2].tolist()) == {0.0, 0.5, 1.0}


def test_the_masks_of_the_readers_are_their_superpixels(demo: Path) -> None:
    kept = json.loads((demo / "studies" / "2" / "annotations.json").read_text("utf-8"))
    one = kept["annotations"][2]
    labels = decoded(demo / "superpixels" / f"{one['image']}_superpixels.png")
    for markup in one["markups"].values():
        with Image.open(demo / "studies" / "2" / "masks" / markup["mask"]) as picture:
            mask = np.asarray(picture)
        values = np.array(markup["superpixels"])[labels]
        assert np.array_equal(mask, np.select([values == 1, values > 0], [255, 128], 0))


def test_of_two_drawings_at_once_one_wins(tmp_path: Path) -> None:
    both_began = threading.Barrier(2)

    def draw_slowly(folder: Path) -> None:
        (folder / "metadata.csv").write_text("isic_id\n")
        both_began.wait(timeout=5)

    def run() -> None:
        found.append(demo_folder(tmp_path, write=draw_slowly))

    found: list[Path] = []
    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (folder,) = set(found)
    assert list(folder.parent.iterdir()) == [folder]


def test_a_demo_that_is_there_is_not_drawn_again(demo: Path) -> None:
    cache = demo.parents[1]
    before = demo.stat().st_mtime_ns
    assert demo_folder(cache) == demo
    assert demo.stat().st_mtime_ns == before


def test_a_drawing_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "metadata.csv").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(LocalError, match="No space left on device"):
        demo_folder(tmp_path, write=fail)
    assert list((tmp_path / "demo").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_a_local_error(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file in the way")
    with pytest.raises(LocalError, match="cannot write the demo archive in"):
        demo_folder(tmp_path)

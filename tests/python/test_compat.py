"""The old README's calls, line by line, on the demo."""

import re
from pathlib import Path

import numpy as np
import pytest

from isic_cli import Archive, Image, ReaderStudy
from isic_cli.compat import IsicApi
from isic_cli.errors import NotFoundError, UsageError
from isic_cli.superpixel import SuperpixelMap
from tests.every_command.tree import COMMANDS


@pytest.fixture
def api(demo_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IsicApi:
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    return IsicApi(archive="demo", cache_folder=tmp_path / "cache")


def test_a_password_is_not_taken(demo_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    with pytest.warns(DeprecationWarning, match="isic user login"):
        IsicApi("address@provider.com", "secret", archive="demo")


def test_information_about_all_images_is_cached(api: IsicApi) -> None:
    api.cache_images()
    details = api.image_cache[api.images["ISIC_9000002"]]
    assert details["name"] == "ISIC_9000002"
    assert details["meta"]["clinical"]["sex"] == "female"
    assert len(api.image_cache) == 60


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")  # NumPy 2.5
def test_a_superpixel_is_painted_over_as_the_old_readme_does(api: IsicApi) -> None:
    image = api.image("ISIC_9000002")
    image.load_image_data()
    image.load_superpixels()
    image.map_superpixels()
    data, index = image.data, image.superpixels["idx"]
    assert data is not None
    shape = data.shape
    data.shape = (shape[0] * shape[1], -1)
    mapping = image.superpixels["map"]
    count = mapping[472, -1]
    data[mapping[472, 0:count], 0] = 255
    data[mapping[472, 0:count], 1:] = 0
    data.shape = shape
    assert count == (index == 472).sum() > 0
    assert (data[index == 472] == (255, 0, 0)).all()
    image.clear_data()
    assert image.data is None


def test_the_map_holds_every_pixel_once(api: IsicApi) -> None:
    image = api.image("ISIC_9000002")
    image.load_superpixels()
    image.map_superpixels()
    mapping = image.superpixels["map"]
    pixels = np.concatenate([row[: row[-1]] for row in mapping])
    assert np.array_equal(np.sort(pixels), np.arange(image.superpixels["idx"].size))


def test_a_study_has_features_and_annotations_and_its_pictures_are_cached(api: IsicApi) -> None:
    study = api.study("Demo markup study: network and globules")
    study.load_annotations()
    assert study.features == ("Network : Typical", "Globules")
    assert len(study.annotations) == 40
    study.cache_image_data()
    assert api.cache_folder is not None
    assert len(list(api.cache_folder.glob("ISIC_*.jpg"))) == len(study.images) == 5
    assert api.image(study.images[0]).meta["acquisition"]["image_type"] == "dermoscopic"


def test_images_are_selected_and_selected_again(api: IsicApi) -> None:
    api.cache_images()
    selection = api.select_images(
        [
            ["meta.acquisition.pixelsX", ">=", 640],
            ["meta.acquisition.image_type", "==", "dermoscopic"],
            ["meta.clinical.sex", "!=", "female"],
        ]
    )
    wanted = "image_type:dermoscopic AND sex:male"
    wide = [one for one in api.archive.search(wanted) if one.field("pixels_x") >= 640]
    assert sorted(selection) == sorted(one.isic_id for one in wide)
    fewer = api.select_images(["meta.clinical.melanocytic", "is", True], sub_select=True)
    assert sorted(fewer) == sorted(one.isic_id for one in wide if one.field("melanocytic") is True)
    assert 0 < len(fewer) < len(wide)
    assert api.image_selection == fewer


@pytest.mark.parametrize(
    ("criterion", "words"),
    [
        (["meta.clinical.diagnosis", "!=", "nevus"], "diagnosis is gone"),
        (["notes.tags", "ni", "ISBI 2017: Training"], "not a field"),
        (["meta.clinical.sex", "like", "m"], "'like' is not an operator"),
        (["sex", "=="], "not \\[field, operator, value\\]"),
    ],
)
def test_a_criterion_that_cannot_be_is_named(
    api: IsicApi, criterion: list[str], words: str
) -> None:
    api.cache_images()
    with pytest.raises(UsageError, match=words):
        api.select_images(criterion)


def test_what_the_archive_has_no_more_says_so(api: IsicApi) -> None:
    with pytest.raises(UsageError, match="no image is cached"):
        api.select_images(["meta.clinical.sex", "==", "male"])
    with pytest.raises(NotFoundError, match="no segmentation of ISIC_9000002"):
        api.image("ISIC_9000002").load_segmentation()
    assert api.dataset(1).id == 1


def test_every_row_of_the_old_module_names_commands_and_calls_that_there_are() -> None:
    """The rows themselves are run by `test_shell_and_python`."""
    page = Path(__file__).parents[2] / "docs" / "explanation" / "coming-from.md"
    text = page.read_text("utf-8").partition("| `isicarchive` | `isic` |")[2].partition("\n\n")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines()[2:]]
    assert len(rows) == 15
    public = {
        "Archive": Archive,
        "archive": Archive,
        "image": Image,
        "study": ReaderStudy,
        "superpixels": SuperpixelMap,
    }
    for old, shell, python in rows:
        commands = re.findall(r"`isic (?!--)(\w+ [\w-]+)", shell)
        assert commands or "--archive" in shell, old
        assert [name for name in commands if name not in COMMANDS] == []
        calls = re.findall(r"(\w+)\.(\w+)[(`]", python)
        assert calls, old
        assert [name for owner, name in calls if not hasattr(public[owner], name)] == []

"""`isic image gallery`: what it writes, and the page in a real browser, from disk."""

import csv
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from isic_cli.cli.main import run
from isic_cli.query import parse
from tests.cli.conftest import Isic, folder, isic, with_accounts
from tests.support.browsers import OpenPage, Shoot, until
from tests.support.drawn import tiff

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["folder", "isic"]

PAGE = Path(__file__).parents[2] / "isic_cli" / "serve" / "page"
HOSTILE = '<img src=x onerror="document.title=\'owned\'"></script><b>"Dr. & Sons'


def data_of(gallery: Path) -> dict[str, Any]:
    text = (gallery / "page" / "data.js").read_text("utf-8")
    found: dict[str, Any] = json.loads(text.removeprefix("window.GALLERY = ").removesuffix(";\n"))
    return found


def test_a_gallery_holds_thumbnails_credits_and_the_page(isic: Isic, tmp_path: Path) -> None:
    done = isic("image", "gallery", "-s", "sex:male", "out", "--report", "r.jsonl")
    assert done.code == 0
    assert done.err.splitlines()[-1] == "out/index.html: 2 images."
    found = data_of(tmp_path / "out")
    assert [one["isic_id"] for one in found["records"]] == ["ISIC_0000001", "ISIC_0000003"]
    for one in found["records"]:
        assert (tmp_path / "out" / one["thumb"]).stat().st_size > 100
        assert one["credit"].startswith(one["attribution"])
        assert "file" not in one
    assert found["title"] == "out"
    assert (tmp_path / "out" / "images" / "attribution.txt").is_file()
    assert not list((tmp_path / "out").rglob("ISIC_0000001.jpg"))
    reported = [json.loads(line) for line in Path("r.jsonl").read_text("utf-8").splitlines()]
    assert [line.get("status") for line in reported[:-1]] == ["downloaded", "downloaded"]
    assert reported[-1]["summary"]["exit_code"] == 0


def test_a_second_run_adds_pictures_and_fetches_no_thumbnail_again(
    isic: Isic, tmp_path: Path
) -> None:
    (tmp_path / "archive" / "ISIC_0000003.jpg").unlink()
    (tmp_path / "archive" / "ISIC_0000003.tif").write_bytes(tiff())
    isic("image", "gallery", "ISIC_0000001", "out")
    pictures = ("ISIC_0000002", "ISIC_0000003", "out")
    done = isic("image", "gallery", "--pictures", "--title", "Ours", *pictures)
    assert (done.code, done.err.splitlines()[-1]) == (0, "out/index.html: 3 images.")
    first, second, third = data_of(tmp_path / "out")["records"]
    assert "file" not in first
    assert "file" not in third  # no browser shows a TIFF: its thumbnail is shown
    assert (tmp_path / "out" / "images" / "ISIC_0000003.tif").is_file()
    assert (tmp_path / "out" / second["file"]).read_bytes() == (
        tmp_path / "archive" / "ISIC_0000002.jpg"
    ).read_bytes()
    assert data_of(tmp_path / "out")["title"] == "Ours"
    assert data_of(tmp_path / "out")["command_prefix"] == "isic"


def test_private_images_are_told_before_they_are_passed_on(isic: Isic, folder: Path) -> None:
    accounts = {
        "users": [{"id": 1, "token": "me"}],
        "private_images": {"ISIC_0000002": [1]},
    }
    with with_accounts(isic, folder, accounts) as call:
        done = call("--token-file", "me", "image", "gallery", "ISIC_0000002", "out")
        prefix = data_of(folder.parent / "out")["command_prefix"]
    assert done.err.splitlines()[-1] == "Warning: 1 of them are private"
    assert prefix.startswith("isic --archive http://127.0.0.1:")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["other"], 2, "index.html of something else"),
        (["-s", "sex:", "out"], 2, "a value is missing"),
        (["out"], 2, "--all"),
        (["-s", "sex:male", "file"], 8, "file"),
        ([], 2, "folder"),
        (["ISIC_7777777", "out"], 3, "ISIC_7777777"),
    ],
)
def test_what_cannot_become_a_gallery_is_told_in_a_line(
    isic: Isic, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "index.html").write_text("mine")
    (tmp_path / "file").write_text("mine")
    done = isic("image", "gallery", *arguments)
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert "Traceback" not in done.err
    assert (tmp_path / "other" / "index.html").read_text() == "mine"


def test_the_page_makes_no_markup_of_text_and_names_no_other_host() -> None:
    texts = {path.name: path.read_text("utf-8") for path in PAGE.iterdir()}
    whole = "\n".join(texts.values())
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert forbidden not in whole
    assert set(re.findall(r"https?://[^\s\"'/]+", whole)) == {"http://www.w3.org"}  # of SVG
    assert 'style="' not in texts["index.html"]
    assert sum(text.count("\n") for text in texts.values()) <= 2500


@pytest.fixture(scope="module")
def gallery(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery of the demo in which one attribution is hostile."""
    base = tmp_path_factory.mktemp("static")
    archive = base / "archive"
    shutil.copytree(demo, archive, ignore=shutil.ignore_patterns(".isic"))
    with (archive / "metadata.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows[0]["attribution"] = HOSTILE
    with (archive / "metadata.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    command = ["--archive", str(archive), "image", "gallery", "-y", "--progress", "none"]
    assert run([*command, "--title", "The demo", str(base / "out")]) == 0
    return base / "out"


def shown(page: "Page") -> str:
    return page.inner_text("#count")


@pytest.mark.slow
def test_a_colleague_searches_marks_and_takes_a_list_away(
    gallery: Path, open_page: OpenPage, shoot: Shoot
) -> None:
    page = open_page(f"file://{gallery}/index.html")
    assert page.title() == "The demo"
    assert shown(page) == "60 of 60 images"
    assert HOSTILE in page.inner_text("#cell-0")
    page.fill("#query", "diagnosis_1:Malignant AND age_aprox:45")
    page.keyboard.press("Enter")
    assert page.inner_text("#mistake mark") == "age_aprox"
    page.fill("#query", "diagnosis_1:Malignant AND (sex:male OR age_approx:[40 TO 60})")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#count').textContent.startsWith('1')")
    page.click("text=Trunk")
    until(page, "document.querySelector('#query').value.endsWith(':Trunk')")
    records = data_of(gallery)["records"]
    query = parse(page.input_value("#query"))
    expected = [one["isic_id"] for one in records if query.matches(one)]
    until(
        page,
        "document.querySelector('#count').textContent === arg",
        f"{len(expected)} of 60 images",
    )
    shoot(page, "static")
    page.locator("#cell-0").press("x")
    page.click("#save-button")
    with page.expect_download() as waiting:
        page.click("#save-dialog button[type=submit]")
    saved = Path(waiting.value.path()).read_text("utf-8").split()
    assert saved == expected[1:]
    command = page.inner_text("#save-dialog code")
    assert command.endswith("image download --from selection.txt images/")


@pytest.fixture
def exported(demo: Path, tmp_path: Path) -> Path:
    """Three pictures of the demo as an export, one of them a TIFF, with all that belongs to them."""
    folder, out = tmp_path / "demo", tmp_path / "out"
    for name in ("ISIC_9000002", "ISIC_9000015", "ISIC_9000016"):
        for path in demo.rglob(f"{name}*"):
            target = folder / path.relative_to(demo)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    shutil.copy(demo / "metadata.csv", folder)
    (tmp_path / "split.csv").write_text(
        "isic_id,split\nISIC_9000002,train\nISIC_9000015,test\nISIC_9000016,test\n"
    )
    command = ["dataset", "export", str(folder), str(out), "--to", "gallery"]
    chosen = ["--label", "isic2019", "--split", str(tmp_path / "split.csv"), "--size", "320"]
    along = ["--with", "masks,superpixels,thumbnails", "--progress", "none"]
    assert run([*command, *chosen, *along]) == 0
    return out


def test_an_exported_gallery_has_labels_splits_and_what_is_drawn_over(exported: Path) -> None:
    first, second, _ = data_of(exported)["records"]
    assert [first[name] for name in ("isic_id", "label", "split")] == [
        "ISIC_9000002", "MEL", "train"
    ]  # fmt: skip
    assert first["thumb"] == "thumbnails/ISIC_9000002.jpg"
    assert first["credit"] == "Demo Clinic Vienna (drawn pictures), CC-BY"
    assert list(first["layers"]) == [
        "Globules mask", "Pigment network mask", "Streaks mask", "Mask", "Superpixels"
    ]  # fmt: skip
    with Image.open(exported / first["file"]) as picture:
        size = picture.size
    for path in first["layers"].values():
        with Image.open(exported / path) as layer:
            assert (layer.mode, layer.size) == ("RGBA", size)
            least, most = layer.getchannel("A").getextrema()
            assert (least, most) == (0, 255)
    assert second["file"] == "images/ISIC_9000015.jpg"  # no browser shows a TIFF
    assert (exported / "images" / "ISIC_9000015.jpg").is_file()
    names = [one["name"] for one in data_of(exported)["fields"]]
    assert {"label", "split", "sex"} <= {*names}
    assert not {"file_name", "mask_file_name"} & {*names}


@pytest.mark.slow
def test_an_exported_gallery_is_filtered_by_label_and_drawn_over(
    exported: Path, open_page: OpenPage
) -> None:
    page = open_page(f"file://{exported}/index.html")
    page.get_by_role("button", name="label: MEL, 2 images").click()
    page.get_by_role("button", name="split: train, 1 image").click()
    until(page, "document.querySelector('#count').textContent === '1 of 3 images'")
    assert page.input_value("#query") == "label:MEL AND split:train"
    page.locator("#cell-0").press("Enter")
    page.get_by_label("Superpixels").check()
    page.get_by_label("Globules mask").check()
    until(
        page, "[...document.querySelectorAll('.overlay')].filter(o => o.naturalWidth).length == 2"
    )
    assert page.inner_text("#said") == ""


@pytest.mark.slow
def test_the_page_reads_queries_as_the_archive_does(gallery: Path, open_page: OpenPage) -> None:
    """The page has the language a second time, for files: both must mean the same."""
    queries = [
        "",
        "sex:*",
        "-sex:*",
        "-sex:male",
        "sex:male OR sex:female",
        'diagnosis_3:"Melanoma Invasive"',
        "diagnosis_3:Mel*",
        "diagnosis_3:*carcinoma",
        "age_approx:45",
        "age_approx:[40 TO 60]",
        "age_approx:{40 TO 60}",
        "age_approx:[* TO 40]",
        "mel_ulcer:true",
        "-melanocytic:true",
        "sex:male diagnosis_1:Benign",
        "sex:male AND diagnosis_1:Benign OR age_approx:[70 TO *]",
        "sex:male AND (diagnosis_1:Benign OR age_approx:[70 TO *])",
        "isic_id:ISIC_900001*",
        'anatom_site_1:"Head and neck" AND -sex:female',
        "clin_size_long_diam_mm:[2.5 TO 7.25]",
    ]
    records = data_of(gallery)["records"]
    page = open_page(f"file://{gallery}/index.html")
    for text in queries:
        expected = sum(parse(text).matches(one) for one in records)
        page.evaluate("(q) => { location.hash = new URLSearchParams({ q }); }", text)
        until(
            page,
            "document.querySelector('#count').textContent === `${arg[0]} of 60 images`"
            " && document.querySelector('#query').value === arg[1]"
            " && !document.querySelector('[aria-busy]')",
            arg=[expected, text],
        )
        assert shown(page) == f"{expected} of 60 images"

"""The page of `isic serve` in a real browser: what a person does with it, to the files."""

import csv
import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from isic_cli.cli.main import run
from isic_cli.config import LOCAL_URL, ArchiveSpec
from isic_cli.query import parse
from isic_cli.serve.server import ServeOptions
from isic_cli.superpixel.map import SuperpixelMap
from tests.serve.conftest import keeps, serving
from tests.support.browsers import OpenPage, Shoot, until
from tests.support.folders import make_folder

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
#: The superpixel in the middle of ISIC_9000002.
MIDDLE = 487


def rows_of(folder: Path) -> dict[str, dict[str, Any]]:
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as stream:
        return {row["isic_id"]: row for row in csv.DictReader(stream)}


def found_by(query: str, folder: Path) -> list[str]:
    """What the language itself finds; blanks of a table are no values."""
    wanted = parse(query)
    set_only = {
        isic_id: {name: value for name, value in row.items() if value}
        for isic_id, row in rows_of(folder).items()
    }
    return sorted(isic_id for isic_id, row in set_only.items() if wanted.matches(row))


@pytest.fixture(scope="module")
def folder(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's files as a folder, with what our own commands write beside them."""
    made = tmp_path_factory.mktemp("served") / "demo"
    shutil.copytree(demo, made)
    (made / ".isic").mkdir(exist_ok=True)
    quiet = ["--progress", "none"]
    assert (
        run(
            [
                "metadata",
                "labels",
                str(made),
                "--scheme",
                "isic2019",
                "-o",
                str(made / "labels.csv"),
            ]
        )
        == 0
    )
    assert (
        run(["dataset", "split", str(made), "--ratio", "70:30", "-o", str(made / "split.csv")]) == 0
    )
    pixels = SuperpixelMap.from_png(next(made.rglob("ISIC_9000002_superpixels.png")))
    marked = [float(label == MIDDLE) for label in range(int(pixels.ids.max()) + 1)]
    (made / "ISIC_9000002_features.json").write_text(json.dumps({"globules": marked}))
    vectors = made.parent / "vectors.csv"  # no two drawn pictures are copies: a model says so
    vectors.write_text("isic_id,a,b\nISIC_9000004,1,0\nISIC_9000005,1,0\n")
    alike = ["--embeddings", str(vectors), "-o", str(made / "groups.jsonl")]
    assert run(["dataset", "dedupe", str(made), *quiet, *alike]) == 0
    return made


@pytest.fixture(scope="module")
def client(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    spec = ArchiveSpec("folder", str(folder), LOCAL_URL, folder)
    with serving(spec, tmp_path_factory.mktemp("cache"), ServeOptions(port=0)) as client:
        yield client


@pytest.fixture
def url(client: httpx.Client) -> str:
    """The address of the page, with nothing marked."""
    token = client.get("/gallery/info").json()["token"]
    marked = client.get("/gallery/marks").json()
    cleared = {"cleared": [*marked["selected"], *marked["excluded"]]}
    client.post("/gallery/marks", json=cleared, headers={"X-Isic-Token": token})
    return f"{client.base_url}/"


def counted(page: "Page", number: int) -> None:
    until(page, "document.querySelector('#count').textContent.startsWith(`${arg} of `)", arg=number)


def test_the_walk_from_the_demo_to_exactly_the_rest(
    demo_cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_page: OpenPage,
    shoot: Shoot,
) -> None:
    """Download, serve, find all melanomas of the trunk, throw out two, save, download the rest."""
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    quiet = ["--progress", "none"]
    assert run(["--archive", "demo", "image", "download", "--all", *quiet, "skin"]) == 0
    spec = ArchiveSpec("folder", "skin", LOCAL_URL, tmp_path / "skin")
    with serving(spec, demo_cache, ServeOptions(port=0)) as client:
        page = open_page(f"{client.base_url}/", width=1100, height=720)
        counted(page, 60)
        shoot(page, "all")
        page.get_by_role("button", name="diagnosis 3: Melanoma Invasive").click()
        page.get_by_role("button", name="diagnosis 3: Melanoma in situ").click()
        page.get_by_role("button", name="anatom site 1: Trunk").click()
        query = (
            '(diagnosis_3:"Melanoma Invasive" OR diagnosis_3:"Melanoma in situ")'
            " AND anatom_site_1:Trunk"
        )
        until(page, "document.querySelector('#query').value === arg", arg=query)
        expected = found_by(query, tmp_path / "skin")
        assert len(expected) >= 5
        counted(page, len(expected))
        seen = [
            one.split(",")[0]
            for one in page.eval_on_selector_all(
                ".cell", "cells => cells.map(cell => cell.ariaLabel)"
            )
        ]
        assert sorted(seen) == expected
        page.locator("#cell-0").press("x")
        page.locator("#cell-2").press("x")
        assert page.inner_text("#marked").startswith("0 marked, 2 thrown out")
        page.evaluate("document.querySelector('#facets').scrollTop = 0")
        shoot(page, "thrown-out")
        page.get_by_role("button", name="Save …").click()
        page.get_by_label("Name").fill("melanomas.txt")
        page.locator("#save-dialog").get_by_role("button", name="Save").click()
        command = page.locator("#save-dialog code").inner_text()
        # What a reader sees from within the folder; the command was read before.
        page.evaluate(
            "folder => document.querySelectorAll('dialog p, dialog code, #said').forEach("
            "one => { one.textContent = one.textContent.replaceAll(folder, ''); })",
            f"{tmp_path}/",
        )
        shoot(page, "saved")
    kept = sorted({*seen} - {seen[0], seen[2]})
    listed = (tmp_path / "skin" / "melanomas.txt").read_text("utf-8").split()
    assert sorted(listed) == kept
    program, *words = shlex.split(command)
    assert (program, run([*words, *quiet])) == ("isic", 0)
    target = tmp_path / words[-1]
    assert sorted(path.stem for path in target.glob("*.jpg")) == kept


def test_the_box_completes_and_marks_a_mistake(
    url: str, folder: Path, open_page: OpenPage, shoot: Shoot
) -> None:
    page = open_page(url)
    page.locator("#query").press_sequentially("diagn")
    page.get_by_role("option", name="diagnosis_3:").click()
    page.fill("#query", "diagnosis_3:Mel")
    until(page, "document.querySelectorAll('#options li').length === 2")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("#query") == 'diagnosis_3:"Melanoma Invasive" '
    page.keyboard.type("AND sexx:male")
    page.keyboard.press("Enter")
    page.wait_for_selector("#mistake mark")
    assert page.inner_text("#mistake mark").startswith("sexx")
    assert "did you mean sex?" in page.inner_text("#mistake")
    assert page.get_attribute("#query", "aria-invalid") == "true"
    shoot(page, "mistake")
    page.fill("#query", 'diagnosis_3:"Melanoma Invasive" AND sex:male')
    page.keyboard.press("Enter")
    counted(page, len(found_by('diagnosis_3:"Melanoma Invasive" AND sex:male', folder)))
    assert page.inner_text("#mistake") == ""
    assert page.get_attribute("#query", "aria-invalid") is None
    # Counts follow the query; of a field that is filtered the other values stay.
    page.click("text=female")
    counted(
        page, len(found_by('diagnosis_3:"Melanoma Invasive" AND (sex:male OR sex:female)', folder))
    )
    assert (
        page.input_value("#query") == 'diagnosis_3:"Melanoma Invasive" AND (sex:male OR sex:female)'
    )
    # The address holds it all: another window, and back.
    other = open_page(page.url)
    assert other.input_value("#query") == page.input_value("#query")
    page.go_back()
    counted(page, len(found_by('diagnosis_3:"Melanoma Invasive" AND sex:male', folder)))
    page.select_option("#sort", "-age_approx")
    until(
        page, "location.hash.includes('sort=-age_approx') && !document.querySelector('[aria-busy]')"
    )
    ages = {isic_id: row["age_approx"] for isic_id, row in rows_of(folder).items()}
    first = page.get_attribute("#cell-0", "aria-label") or ""
    found = found_by('diagnosis_3:"Melanoma Invasive" AND sex:male', folder)
    assert float(ages[first[:12]]) == max(float(ages[one]) for one in found)


def test_the_page_is_busy_until_the_last_list_has_come(url: str, open_page: OpenPage) -> None:
    page = open_page(url)
    until(page, "!document.querySelector('[aria-busy]')")
    # Answers are held in the page: a route that is held would hold the end of the test too.
    page.evaluate(
        """() => {
            const ask = window.fetch;
            window.held = {};
            window.fetch = async (path, options) => {
                const which = /facets.*sex/.test(path) ? "facets" : /list.*sort=/.test(path) && "sorted";
                if (which && !(which in window.held)) {
                    await new Promise((resolve) => { window.held[which] = resolve; });
                }
                return ask(path, options);
            };
        }"""
    )
    page.fill("#query", "sex:male")
    page.keyboard.press("Enter")
    until(page, "!!window.held.facets")
    page.select_option("#sort", "-age_approx")
    until(page, "!!window.held.sorted")
    page.evaluate("window.held.facets()")
    page.get_by_role("button", name="sex: male", pressed=True).wait_for()
    assert page.get_attribute("#images", "aria-busy") == "true"
    page.evaluate("window.held.sorted()")
    until(page, "!document.querySelector('[aria-busy]')")


def test_a_picture_shows_what_is_known_and_drawn_on_it(
    url: str, folder: Path, open_page: OpenPage, shoot: Shoot
) -> None:
    page = open_page(f"{url}#open=ISIC_9000002")
    page.wait_for_selector(".stage .picture")
    assert "Superficial spreading" in page.inner_text(".side dl")
    assert page.inner_text(".side dl").splitlines()[:1] == ["label"]
    assert "Demo Clinic Vienna" in page.inner_text("figcaption")
    page.get_by_label("Superpixels").check()
    page.get_by_label("Mask: segmentation").check()
    until(page, "document.querySelectorAll('.overlay').length === 2")
    page.wait_for_timeout(300)
    box = page.locator(".layers .picture").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(page, "document.querySelector('#tip').textContent")
    pixels = SuperpixelMap.from_png(next(folder.rglob("ISIC_9000002_superpixels.png")))
    assert pixels.labels[pixels.shape[0] // 2, pixels.shape[1] // 2] == MIDDLE
    assert page.inner_text("#tip") == f"superpixel {MIDDLE}: globules"
    shoot(page, "picture")
    before = page.get_attribute(".layers", "style")
    page.mouse.wheel(0, -600)
    until(page, "document.querySelector('.layers').getAttribute('style') !== arg", arg=before)
    heat = page.get_by_label("Network : Typical")
    heat.check()
    until(page, "document.querySelectorAll('.overlay').length === 3")
    page.get_by_label("A new note").fill(HOSTILE)
    page.get_by_role("button", name="Add the note").click()
    page.wait_for_selector(".notes li")
    assert HOSTILE in page.inner_text(".notes")
    with (folder / "notes.csv").open(encoding="utf-8", newline="") as stream:
        (note,) = list(csv.DictReader(stream))
    assert (note["isic_id"], note["note"]) == ("ISIC_9000002", HOSTILE)
    lesion = found_by(f"lesion_id:{rows_of(folder)['ISIC_9000002']['lesion_id']}", folder)
    assert page.locator(".strip").first.locator("li").count() == len(lesion)
    # Held and compared: both pictures, and where their metadata differ.
    page.get_by_role("button", name="Compare").click()
    page.keyboard.press("ArrowRight")
    until(page, "document.querySelectorAll('.stage').length === 2")
    assert page.locator(".side .differs").count() > 0
    shoot(page, "compare")
    assert page.title() == "demo"
    page.keyboard.press("Escape")
    until(page, "document.querySelector('#viewer').hidden")


def test_near_duplicates_are_kept_or_thrown_out(
    url: str, folder: Path, client: httpx.Client, open_page: OpenPage, shoot: Shoot
) -> None:
    pairs = client.get("/gallery/duplicates").json()["pairs"]
    assert pairs
    page = open_page(url)
    page.get_by_role("button", name="Near-duplicates").click()
    page.wait_for_selector(".pair")
    assert page.locator(".pair").count() == len(pairs)
    page.click("#pair-0-right")
    page.wait_for_selector("#pair-0-right[aria-pressed=true]")
    assert page.evaluate("document.activeElement.id") == "pair-0-right"
    page.click("#pair-0-left")
    page.wait_for_selector("#pair-0-left[aria-pressed=true]")
    shoot(page, "pairs")
    until(page, "document.querySelector('#marked').textContent.includes('1 thrown out')")
    keeps(client, excluded=[pairs[0]["left"]])
    dialog = page.locator("#save-dialog")
    page.get_by_role("button", name="Save …").click()
    dialog.get_by_label("A list of the thrown out").check()
    (folder / "excluded.txt").write_text("ISIC_9000001\n")
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_role("button", name="Replace it").click()
    assert "--exclude" in dialog.locator("code").inner_text()
    assert (folder / "excluded.txt").read_text("utf-8").split() == [pairs[0]["left"]]
    dialog.get_by_label("A collection of this folder").check()
    dialog.get_by_label("Name").fill(HOSTILE)
    dialog.get_by_role("button", name="Save").click()
    until(page, "document.querySelector('#said').textContent.startsWith('Saved: collection')")
    made = client.get("/api/v2/collections/").json()["results"]
    assert [one["name"] for one in made if one["name"] == HOSTILE] == [HOSTILE]


def test_everything_is_done_by_the_keyboard(
    url: str, client: httpx.Client, open_page: OpenPage
) -> None:
    page = open_page(url)
    press = page.keyboard.press
    press("?")
    assert page.locator("#help-dialog").is_visible()
    press("Escape")
    press("/")
    page.keyboard.type("sex:female")
    press("Escape")
    press("Enter")
    until(page, "location.hash.includes('female') && !document.querySelector('[aria-busy]')")
    page.locator("#query").blur()
    press("ArrowDown")
    assert page.evaluate("document.activeElement.id") == "cell-0"
    press(" ")
    press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "cell-1"
    press("x")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").endswith(
        ", thrown out"
    )
    assert page.inner_text("#said").endswith("thrown out")
    first = (page.get_attribute("#cell-0", "aria-label") or "")[:12]
    second = (page.get_attribute("#cell-1", "aria-label") or "")[:12]
    press("End")
    total = int(page.inner_text("#count").split()[0])
    assert page.evaluate("document.activeElement.id") == f"cell-{total - 1}"
    press("Home")
    press("Enter")
    until(page, "!document.querySelector('#viewer').hidden")
    press("ArrowRight")
    until(page, "location.hash.includes(`open=${arg}`)", arg=second)
    page.wait_for_selector("#viewer-excluded[aria-pressed=true]")
    press("x")
    press("s")
    page.wait_for_selector(".overlay")
    press("+")
    press("Shift+ArrowLeft")
    press("Escape")
    until(page, "document.querySelector('#viewer').hidden")
    assert page.evaluate("document.activeElement.id") == "cell-1"
    press("w")
    assert page.locator("#save-dialog").is_visible()
    press("Escape")
    # A range, back from the end: it holds images that never were in sight.
    page.locator("#size").fill("256")
    press("Home")
    page.focus("#cell-0")
    press(" ")
    press(" ")
    press("End")
    press("Shift+ ")
    until(
        page, "document.querySelector('#marked').textContent.startsWith(`${arg} marked`)", arg=total
    )
    page.evaluate("document.querySelector('#images').scrollTop = 0")
    until(page, "document.querySelector('#cell-0')")
    page.get_by_role("button", name="Forget").click()
    page.focus("#cell-0")
    press(" ")
    press("y")
    page.wait_for_selector("#command-dialog[open]")
    assert page.evaluate("navigator.clipboard.readText()") == page.inner_text(
        "#command-dialog code"
    )
    keeps(client, selected=[first])


def test_dark_narrow_wide_and_read_aloud(url: str, open_page: OpenPage, shoot: Shoot) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    dark = open_page(url, dark=True)
    shade = dark.evaluate("getComputedStyle(document.body).backgroundColor")
    assert shade == "rgb(20, 23, 26)"
    shoot(dark, "dark")
    views = {"dark": dark, "light": open_page(url)}
    views["picture"] = open_page(f"{url}#open=ISIC_9000002")
    narrow = open_page(url, width=320, height=640)
    shoot(narrow, "narrow")
    views["narrow"] = narrow
    for page in views.values():
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert narrow.evaluate("document.querySelectorAll('.row:first-child .cell').length") == 2
    narrow.get_by_role("button", name="Filters").click()
    narrow.get_by_role("button", name="sex: female").wait_for()
    wide = open_page(url, width=3840, height=2160)
    assert wide.evaluate("document.querySelectorAll('.row:first-child .cell').length") > 10
    faults = {
        name: [
            (one["id"], one["nodes"][0]["html"][:200])
            for one in axe.run(page).response["violations"]
        ]
        for name, page in views.items()
    }
    assert faults == {name: [] for name in views}


def test_behind_a_token_the_page_shows_and_keeps_too(
    demo_cache: Path, tmp_path: Path, open_page: OpenPage
) -> None:
    make_folder(tmp_path / "lab")
    spec = ArchiveSpec("folder", "lab", LOCAL_URL, tmp_path / "lab")
    with serving(spec, demo_cache, ServeOptions(port=0, token="open sesame")) as client:
        assert client.get("/gallery/info").status_code == 401
        page = open_page(f"{client.base_url}/", password="open sesame")
        counted(page, 4)
        until(page, "[...document.querySelectorAll('.cell img')].every(one => one.naturalWidth)")
        page.locator("#cell-1").press("Enter")
        until(page, "document.querySelector('.picture')?.naturalWidth === 32")
        page.get_by_label("A new note").fill("blurred")
        page.get_by_role("button", name="Add the note").click()
        page.wait_for_selector(".notes li")
        page.locator("#viewer-close").press(" ")
        until(page, "document.querySelector('#marked').textContent.startsWith('1 marked')")
    assert "ISIC_0000002,blurred" in (tmp_path / "lab" / "notes.csv").read_text("utf-8")


def test_the_demo_is_looked_at_and_not_written(
    demo_page: httpx.Client,
    demo_cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    open_page: OpenPage,
) -> None:
    page = open_page(f"{demo_page.base_url}/#q=sex:")
    assert "a value is missing" in page.inner_text("#mistake")
    page.get_by_role("button", name="Clear").click()
    counted(page, 60)
    assert "read-only" in page.inner_text("#banner")
    assert not page.get_by_role("button", name="Save …").is_visible()
    page.locator("#cell-2").press("Enter")
    page.wait_for_selector(".side dl")
    assert not page.get_by_role("heading", name="Notes").is_visible()  # none, and none can be added
    page.keyboard.press("Escape")
    page.locator("#cell-2").press("x")
    page.get_by_role("button", name="Copy command").click()
    page.wait_for_selector("#command-dialog code")
    command = page.inner_text("#command-dialog code")
    assert command == "isic --archive demo image download -s -isic_id:ISIC_9000002 chosen"
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert run([*shlex.split(command)[1:], "--dry-run"]) == 0
    assert capsys.readouterr().out.split()[:2] == ["images", "59"]


def test_a_hundred_thousand_images_need_few_elements(url: str, open_page: OpenPage) -> None:
    page = open_page(url)
    done = page.evaluate(
        """async () => {
          const { Grid } = await import("/page/grid.js");
          const root = document.createElement("div");
          root.id = "images";
          document.querySelector("#images").replaceWith(root);
          let asked = 0;
          const load = async (offset, limit) => {
            asked += 1;
            const count = Math.min(limit, 100000 - offset);
            const items = Array.from({ length: count }, (_, at) => ({ isic_id: `N${offset + at}`, thumb: "page/icon.svg" }));
            return { total: 100000, items };
          };
          const grid = new Grid(root, 1, { describe: () => ({}), open() {}, mark() {}, failed(error) { throw error; } });
          await grid.show(load);
          let most = 0;
          for (let step = 0; step <= 200; step += 1) {
            root.scrollTop = (root.scrollHeight * step) / 200;
            await new Promise(requestAnimationFrame);
            most = Math.max(most, root.querySelectorAll(".cell").length);
          }
          await new Promise((resolve) => setTimeout(resolve, 400));
          grid.moveTo(99999);
          await new Promise((resolve) => setTimeout(resolve, 400));
          return { most, asked, last: document.activeElement.textContent };
        }"""
    )
    assert done["last"].startswith("N99999")
    assert done["most"] < 300
    assert done["asked"] < 100  # pages that only flew past were never asked for

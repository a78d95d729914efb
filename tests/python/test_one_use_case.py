"""Every command has its call, and both reach one and the same function, which does the work.

A profiler hook notes the functions of the package that run; nothing is replaced. A command
without a row fails here, and so does one whose row in the docs names another call.
"""

import inspect
import json
import re
import shlex
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image as Pillow

import isic_cli
from isic_cli import Archive, Cache, Dataset, DatasetRecipe, challenge, superpixel
from isic_cli.cli.main import run
from isic_cli.superpixel import SuperpixelMap
from tests.every_command.tree import COMMANDS
from tests.support.challenge_broken import GOOD, TRUTH
from tests.support.challenges import mirror
from tests.support.filehost import Loopback
from tests.support.folder_server import served_folder
from tests.support.folders import jpeg, make_folder
from tests.support.oauth import Html, OAuthArchive, serve_oauth

pytestmark = pytest.mark.filterwarnings("ignore::isic_cli.python.warned.IsicWarning")

ROOT = str(Path(isic_cli.__file__).parent) + "/"
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "python.md"
IMAGE = "ISIC_9000002"
TABLE = "ISIC_2020_Training_Duplicates.csv"
ACCOUNTS = {
    "users": [{"id": 2, "token": "owner"}],
    "contributors": [{"id": 1, "owners": [2], "institution_name": "Clinic"}],
    "cohorts": [{"id": 4, "contributor": 1, "name": "A"}],
}

#: Commands without a call, and why.
THE_SHELLS = {"completion": "teaches a shell the commands; Python's editors read the types"}


class Same(NamedTuple):
    """A command's words, the call, and the function that does the work of both.

    Attributes
    ----------
    archive : str
        `demo`, as the curator `users`, `accounts` on a server with uploads, or `oauth`.
    """

    words: str
    call: Callable[[Archive], object]
    function: str
    archive: str = "demo"


def data() -> Dataset:
    return Dataset.open("data")


def drawn() -> SuperpixelMap:
    return SuperpixelMap.from_png("map.png")


def photograph() -> Any:
    return np.zeros((6, 6, 3), np.uint8)


def signed_in(archive: Archive) -> None:
    pending = archive.login()
    pending.finish(OAUTH[archive.name].sign_in(pending.url))


#: The OAuth servers of this run, by their address.
OAUTH: dict[str, OAuthArchive] = {}

ROWS: dict[str, Same] = {
    "accession upload": Same("A photo.jpg", lambda a: a.upload("A", "other.jpg"), "services/upload/send:Uploader.run", "accounts"),
    "api": Same("collections/", lambda a: a.request("collections/"), "api/archive:ArchiveApi.raw"),
    "cache clear": Same("--files -y", lambda _: Cache.open().clear(index=False), "python/cache:Cache.clear"),
    "cache info": Same("", lambda _: Cache.open().indexes(), "python/cache:Cache.indexes"),
    "cache list": Same("", lambda _: Cache.open().files(), "services/index/upkeep:file_rows"),
    "cache prune": Same("--older-than 90d", lambda _: Cache.open().prune(older_than=timedelta(days=90)), "python/cache:Cache.prune"),
    "cache refresh": Same("--full", lambda a: a.refresh(full=True), "services/index/refresh:Refresh.run"),
    "cache sql": Same("'select sex from images'", lambda a: a.sql("select sex from images"), "index/index:Index.sql", "users"),
    "cache verify": Same("", lambda _: Cache.open().verify(), "services/index/upkeep:verify"),
    "challenge download": Same("2020::training download1 --only metadata --force", lambda _: challenge.download("2020::training", "download2", only="metadata", force=True), "services/challenge/fetch:ChallengeDownload.run"),
    "challenge list": Same("2018:3", lambda _: challenge.list_files("2018:3"), "challenge/catalogue:select_files"),
    "challenge score": Same("2018:3 truth.csv said.csv", lambda _: challenge.score_files("2018:3", "truth.csv", "said.csv"), "challenge/score:scored"),
    "challenge show": Same("2018:3", lambda _: challenge.find_task("2018:3"), "challenge/tasks:find_task"),
    "challenge truth": Same("2018:3 truth.csv", lambda _: challenge.tidy_truth("2018:3", "truth.csv"), "services/challenge/truth:tidy_truth"),
    "challenge validate": Same("2018:3 said.csv", lambda _: challenge.validate_file("2018:3", "said.csv"), "challenge/submission:read_submission"),
    "cohort list": Same("", lambda a: list(a.cohorts()), "api/contributions:ContributionEndpoints.cohorts", "accounts"),
    "cohort show": Same("4", lambda a: a.cohort(4), "api/contributions:ContributionEndpoints.cohort", "accounts"),
    "collection add": Same(f"Mine {IMAGE}", lambda a: a.collection("Mine").add([IMAGE]), "services/collections/members:GroupWrite.run", "users"),
    "collection add-images": Same("Mine --from-isic-ids ids.txt", lambda a: a.collection("Mine").add([IMAGE]), "services/collections/members:GroupWrite.run", "users"),
    "collection cite": Same("1", lambda a: a.cite(1), "services/cite/collection:cite"),
    "collection create": Same(f"First {IMAGE}", lambda a: a.create_collection("Second", [IMAGE]), "services/collections/change:make_collection", "users"),
    "collection delete": Same("One -y", lambda a: a.collection("Two").delete(), "services/collections/change:delete_collection", "users"),
    "collection diff": Same("2 1", lambda a: a.collection(2).diff(1), "services/collections/change:compare_collections"),
    "collection files": Same("4", lambda a: a.collection(4).files(), "services/download/published:published_files", "oauth"),
    "collection list": Same("", lambda a: list(a.collections()), "api/collections:CollectionEndpoints.collections"),
    "collection remove": Same(f"Mine {IMAGE}", lambda a: a.collection("Mine").remove([IMAGE]), "services/collections/members:GroupWrite.run", "users"),
    "collection remove-images": Same("Mine --from-isic-ids ids.txt", lambda a: a.collection("Mine").remove([IMAGE]), "services/collections/members:GroupWrite.run", "users"),
    "collection show": Same("1", lambda a: a.collection(1), "services/select/live:resolve_collections"),
    "contributor list": Same("", lambda a: list(a.contributors()), "api/contributions:ContributionEndpoints.contributors", "accounts"),
    "contributor show": Same("1", lambda a: a.contributor(1), "api/contributions:ContributionEndpoints.contributor", "accounts"),
    "dataset audit": Same("data --kinds lesion,patient", lambda _: data().audit(["lesion", "patient"]), "services/dataset/audit:Audit.findings"),
    "dataset build": Same("nevi.toml build1 --stage source", lambda _: DatasetRecipe.open("nevi.toml").build("build2", stage="source"), "services/build/build:Build.run"),
    "dataset check": Same("nevi.toml", lambda _: DatasetRecipe.open("nevi.toml").faults(), "services/build/check:checked_recipe"),
    "dataset check-leak": Same("data small", lambda _: data().check_leak("small"), "services/dataset/check_leak:LeakCheck.leaks"),
    "dataset cite": Same("data", lambda _: data().cite(), "services/cite/dataset:cite"),
    "dataset dedupe": Same("data", lambda _: data().dedupe(), "services/dataset/dedupe:Dedupe.groups"),
    "dataset diff": Same("data data", lambda _: data().diff("data"), "services/dataset/compare:compare"),
    "dataset export": Same("data export1 --to csv", lambda _: data().export("export2", "csv"), "services/export/final:Finals.write"),
    "dataset init": Same("one.toml -s sex:male", lambda _: DatasetRecipe.new("two.toml", search="sex:male"), "services/build/write:write_recipe"),
    "dataset log": Same("data", lambda _: data().log(), "services/dataset/history:log_rows"),
    "dataset merge": Same("data data --into merge1", lambda _: Dataset.merge(["data", "data"], "merge2"), "services/dataset/merge:FolderMerge.run"),
    "dataset split": Same("data --ratio 70:30", lambda _: data().split("70:30"), "curation/split:split"),
    "dataset stats": Same("data", lambda _: data().stats(), "services/stats/dataset:describe"),
    "dataset status": Same("data", lambda _: data().status(), "services/dataset/rebuild:state_rows"),
    "dataset sync": Same("small", lambda _: Dataset.open("small").sync(), "services/dataset/sync:Synchronisation.run"),
    "dataset verify": Same("data", lambda _: data().verify(), "services/dataset/verify:check_folder"),
    "doctor": Same("", lambda _: isic_cli.doctor("demo"), "services/doctor:examine"),
    "image download": Same("-c 1 -l 3 download1", lambda a: a.search(collections=[1], limit=3).download("download2"), "services/download/engine:Downloader.run"),
    "image gallery": Same("-c 1 -l 3 gallery1", lambda a: a.search(collections=[1], limit=3).gallery("gallery2"), "services/gallery:Gallery.write"),
    "image list": Same("-s sex:male", lambda a: a.search("sex:male").ids(), "services/select/images:Images.records"),
    "image sheet": Same("-c 1 -l 3 -o one.png", lambda a: a.search(collections=[1], limit=3).sheet("two.png"), "services/sheet/contact_sheet:Sheet.draw"),
    "image show": Same(IMAGE, lambda a: a.image(IMAGE), "api/images:ImageEndpoints.image"),
    "image similar": Same(f"{IMAGE} -l 5", lambda a: a.similar(IMAGE, limit=5), "api/images:ImageEndpoints.similar", "oauth"),
    "lesion list": Same("-l 2", lambda a: next(a.lesions()), "api/archive:ArchiveApi.lesions"),
    "lesion show": Same("IL_9000000", lambda a: a.lesion("IL_9000000"), "api/archive:ArchiveApi.lesion"),
    "metadata diff": Same("data data", lambda _: data().diff("data"), "services/dataset/compare:compare"),
    "metadata download": Same("-c 1 -l 3", lambda a: a.search(collections=[1], limit=3).to_pandas(), "services/select/images:Images.records"),
    "metadata fields": Same("", lambda a: a.fields(), "services/upload/dictionary:field_rows"),
    "metadata labels": Same("data --scheme isic2019", lambda _: data().labels("isic2019"), "services/dataset/label:Labelling.apply"),
    "metadata stats": Same("--by sex", lambda a: a.search().stats(by="sex"), "services/stats/tallies:tally_of"),
    "metadata validate": Same("upload.csv", lambda _: isic_cli.validate_metadata("upload.csv"), "services/upload/validate:validate_file"),
    "serve": Same("--port 0 --for 1s demo", lambda a: a.serve().close(), "serve/server:build_app"),
    "study agreement": Same("1", lambda a: a.study(1).agreement(), "services/study/measure:by_question"),
    "study consensus": Same("1 --of answers", lambda a: a.study(1).consensus(), "services/study/consensus:answer_rows"),
    "study download": Same("2 download1", lambda a: a.study(2).download("download3"), "services/study/download:StudyDownload.write"),
    "study list": Same("", lambda a: a.studies(), "services/study/find:Listing.rows"),
    "study overlay": Same("study -d overlay1 --no-sheet --images study", lambda a: a.study(2).overlay(IMAGE), "services/study/overlay:paint"),
    "study responses": Same("1", lambda a: a.study(1).responses(), "services/study/responses:parse_responses"),
    "study show": Same("1", lambda a: a.study(1), "services/study/find:find_study"),
    "superpixel compare": Same("map.png map.png", lambda _: superpixel.compare_maps(drawn(), drawn()), "superpixel/compare:compare_maps"),
    "superpixel decode": Same("map.png -o l.npy", lambda _: drawn().labels, "superpixel/map:SuperpixelMap.from_png"),
    "superpixel encode": Same("labels.npy -o m.png", lambda _: drawn().to_png(), "superpixel/map:SuperpixelMap.to_png"),
    "superpixel features": Same("map.png --mask streaks=mask.png -o f.json", lambda _: drawn().labels_in(np.ones((6, 6), bool)), "superpixel/map:SuperpixelMap.labels_in"),
    "superpixel generate": Same("large.jpg --method approximate -o maps", lambda _: superpixel.generate("large.jpg", method="approximate"), "superpixel/slic/recipe:generate_labels"),
    "superpixel info": Same("map.png", lambda _: drawn(), "superpixel/codec:read_png"),
    "superpixel mask": Same("map.png --labels 1 -o m2.png", lambda _: drawn().mask([1]), "superpixel/map:SuperpixelMap.mask"),
    "superpixel outline": Same("map.png -o m.svg", lambda _: drawn().svg(), "superpixel/map:SuperpixelMap.svg"),
    "superpixel overlay": Same("photo.jpg map.png --labels 1 -o o.png", lambda _: superpixel.draw_overlay(drawn(), photograph(), [superpixel.Layer("labels", {1: 1.0})]), "superpixel/overlay:draw_overlay"),
    "superpixel regions": Same("map.png --neighbors", lambda _: drawn().contacts(), "superpixel/map:SuperpixelMap.contacts"),
    "superpixel tiles": Same("photo.jpg map.png tiles", lambda _: list(drawn().tiles(photograph())), "superpixel/map:SuperpixelMap.tiles"),
    "user login": Same("", signed_in, "services/login:Logins.finish", "oauth"),
    "user logout": Same("", lambda a: a.logout(), "services/login:Logins.forget", "oauth"),
    "user show": Same("", lambda a: a.me(), "api/session:Session.me", "users"),
    "user token": Same("", lambda a: a.token(), "services/login:current_login", "users"),
}  # fmt: skip


def functions_of(call: Callable[[], object]) -> set[str]:
    """Return the functions of the package that a call runs, in any thread."""
    found: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            found.add(frame.f_code)

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(before)
        threading.setprofile(before)
    # Threads that outlive the call may still add to it.
    return {name_of(code) for code in list(found) if code.co_filename.startswith(ROOT)}


def name_of(code: CodeType) -> str:
    return f"{code.co_filename[len(ROOT) : -3]}:{code.co_qualname}"


@pytest.fixture(scope="module")
def work(
    tmp_path_factory: pytest.TempPathFactory,
    pictures: Path,
    demo_cache: Path,
    hosts: dict[str, str],
) -> Path:
    """A folder with what commands and calls are given, and a cache of its own with the demo."""
    folder = tmp_path_factory.mktemp("same")
    # A copy: collections are made in it, and another worker may be at the same tests.
    shutil.copytree(demo_cache / "demo", folder / "cache" / "demo")
    (folder / "data").symlink_to(pictures)
    (folder / "truth.csv").write_text(TRUTH, "utf-8")
    (folder / "said.csv").write_text(GOOD, "utf-8")
    (folder / "isic.toml").write_text(f'challenge_url = "{hosts["site"]}"\nretries = 0\n')
    (folder / "ids.txt").write_text(f"{IMAGE}\n")
    (folder / "upload.csv").write_text("filename,sex\na.jpg,male\n")
    (folder / "nevi.toml").write_text(
        'recipe = 1\nname = "nevi"\n[source]\narchive = "demo"\nsearch = "diagnosis_3:Nevus AND age_approx:[* TO 25]"\n'
    )
    labels = np.arange(36).reshape(6, 6) // 12
    np.save(folder / "labels.npy", labels)
    (folder / "map.png").write_bytes(SuperpixelMap.from_labels(labels).to_png())
    Pillow.fromarray(np.full((6, 6), 255, np.uint8)).save(folder / "mask.png")
    (folder / "photo.jpg").write_bytes(jpeg(1, size=(6, 6)))
    (folder / "large.jpg").write_bytes(jpeg(3, size=(80, 80)))
    (folder / "other.jpg").write_bytes(jpeg(2, size=(6, 6)))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("ISIC_CACHE_DIR", str(folder / "cache"))
        with Archive.open("demo", token="demo-curator") as archive:
            archive.refresh()
            archive.search(limit=2).download("small")
            for name in ("Mine", "One", "Two"):
                archive.create_collection(name, [IMAGE])
        assert int(run(shlex.split("--archive demo study download 2 study --progress none"))) == 0
    return folder


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Addresses of servers for what the demo has none of."""
    folder = make_folder(tmp_path_factory.mktemp("hosts") / "archive")
    (folder / "accounts.json").write_text(json.dumps(ACCOUNTS))
    files = {f"/{name}": body for name, body in mirror().items()}
    with served_folder(folder) as url, serve_oauth() as oauth, Loopback(files=files) as site:
        oauth.pages = {
            "/api/v2/collections/4/": {"id": 4, "name": "Nevi", "doi": "10.5555/x"},
            f"/api/v2/images/{IMAGE}/similar/": [],
            "/doi/nevi/": Html("<p>10.5555/x</p><table></table>"),
        }
        OAUTH[oauth.url] = oauth
        yield {
            "accounts": url,
            "oauth": oauth.url,
            "site": site.url,
            "demo": "demo",
            "users": "demo",
        }


class Typed:
    """What a person types who is asked for the code of a login."""

    def __init__(self, archive: OAuthArchive, capfd: pytest.CaptureFixture[str]) -> None:
        self._archive = archive
        self._capfd = capfd

    def isatty(self) -> bool:
        return False

    def readline(self) -> str:
        url = re.search(r"http\S+", self._capfd.readouterr().err)
        assert url
        return self._archive.sign_in(url[0])


@pytest.mark.slow
@pytest.mark.parametrize("command", ROWS)
def test_a_command_and_its_call_stand_on_one_function(
    command: str,
    work: Path,
    hosts: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    row = ROWS[command]
    monkeypatch.chdir(work)
    monkeypatch.setenv("ISIC_CACHE_DIR", str(work / "cache"))
    tokens = {"users": "demo-curator", "accounts": "owner"}
    if row.archive in tokens:
        monkeypatch.setenv("ISIC_TOKEN", tokens[row.archive])
    place = hosts[row.archive]
    if command == "user login":
        monkeypatch.setattr(sys, "stdin", Typed(OAUTH[place], capfd))
    codes: list[int] = []
    words = ["--archive", place, *command.split(), *shlex.split(row.words)]
    shell = functions_of(lambda: codes.append(int(run(words))))
    assert codes[0] in {0, 7}, capfd.readouterr().err
    with Archive.open(place) as archive:
        python = functions_of(lambda: row.call(archive))
    assert row.function in shell & python, sorted(shell & python)
    assert {name_of(code) for code in calls_in_the_docs()[command]} & python, sorted(python)


def calls_in_the_docs() -> dict[str, list[CodeType]]:
    """Return the calls that the table of the docs has for each command, as code."""
    owners: dict[str, Any] = {name: getattr(isic_cli, name) for name in isic_cli.__all__}
    owners |= {"isic_cli": isic_cli, "challenge": challenge, "superpixel": superpixel}
    owners["SuperpixelMap"] = SuperpixelMap
    found: dict[str, list[CodeType]] = {}
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("| `"):
            commands, calls = line.strip("|").split("|")
            codes = [
                code_of(owners[one], name) for one, name in re.findall(r"`(\w+)\.(\w+)", calls)
            ]
            found |= dict.fromkeys(re.findall(r"`([^`]+)`", commands), codes)
    return found


def code_of(owner: Any, name: str) -> CodeType:
    """Return the code of a function, a method or a property."""
    getattr(owner, name)  # loads it, where it is loaded late
    value = inspect.getattr_static(owner, name, None) or getattr(owner, name)
    for wrapped in ("__func__", "fget", "func"):
        value = getattr(value, wrapped, value)
    code: CodeType = inspect.unwrap(value).__code__
    return code


def test_every_command_has_a_row_and_its_call_in_the_docs() -> None:
    assert sorted([*ROWS, *THE_SHELLS]) == sorted(COMMANDS)
    documented = calls_in_the_docs()
    assert sorted(documented) == sorted(COMMANDS)
    assert sorted(name for name, calls in documented.items() if not calls) == sorted(THE_SHELLS)

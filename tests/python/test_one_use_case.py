"""A command and the call of its name reach one and the same function, which does the work.

A profiler hook notes the functions of the package that run; nothing is replaced.
"""

import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

import isic_cli
from isic_cli import Archive, Dataset, challenge, superpixel
from isic_cli.cli.main import run
from isic_cli.superpixel import SuperpixelMap
from tests.every_command.tree import COMMANDS
from tests.support.challenge_broken import GOOD, TRUTH

pytestmark = [
    pytest.mark.filterwarnings("ignore::isic_cli.python.images.IsicWarning"),
    pytest.mark.usefixtures("demo_by_name"),
]

ROOT = str(Path(isic_cli.__file__).parent) + "/"
IMAGE = "ISIC_9000002"


def functions_of(call: Callable[[], object]) -> set[str]:
    """Return the functions of the package that a call runs, in any thread."""
    found: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(ROOT):
            found.add(f"{code.co_filename[len(ROOT) : -3]}:{code.co_qualname}")

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(before)
        threading.setprofile(before)
    return found


@pytest.fixture
def archive(tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """The demo, in a folder with what the calls are given."""
    monkeypatch.chdir(tmp_path)
    Path("data").symlink_to(pictures)
    Path("truth.csv").write_text(TRUTH, "utf-8")
    Path("said.csv").write_text(GOOD, "utf-8")
    png = SuperpixelMap.from_labels(np.arange(36).reshape(6, 6) // 12).to_png()
    Path("map.png").write_bytes(png)
    with Archive.open("demo") as opened:
        yield opened


def data() -> Dataset:
    return Dataset.open("data")


def drawn() -> SuperpixelMap:
    return SuperpixelMap.from_png("map.png")


#: The command, the call, and the functions that do the work of both.
PAIRS: list[tuple[str, Callable[[Archive], object], str]] = [
    (
        "image list -s sex:male",
        lambda a: a.search("sex:male").ids(),
        "services/select/images:Images.records",
    ),
    (f"image show {IMAGE}", lambda a: a.image(IMAGE), "api/images:ImageEndpoints.image"),
    (
        "image download -c 1 -l 3 one",
        lambda a: a.search(collections=[1], limit=3).download("two"),
        "services/download/engine:Downloader.run",
    ),
    (
        "image sheet -c 1 -l 3 -o one.png",
        lambda a: a.search(collections=[1], limit=3).sheet("two.png"),
        "services/sheet/contact_sheet:from_archive",
    ),
    (
        "collection diff 2 1",
        lambda a: a.collection(2).diff(1),
        "services/collections/change:compare_collections",
    ),
    (
        "study responses 1",
        lambda a: a.study(1).responses(),
        "services/study/responses:parse_responses",
    ),
    ("study agreement 1", lambda a: a.study(1).agreement(), "services/study/measure:by_question"),
    (
        "study consensus 1 --of answers",
        lambda a: a.study(1).consensus(),
        "services/study/consensus:answer_rows",
    ),
    (
        "metadata labels data --scheme isic2019",
        lambda _: data().labels("isic2019"),
        "services/dataset/label:Labelling.apply",
    ),
    ("dataset split data --ratio 70:30", lambda _: data().split("70:30"), "curation/split:split"),
    ("dataset dedupe data", lambda _: data().dedupe(), "services/dataset/dedupe:Dedupe.groups"),
    ("dataset stats data", lambda _: data().stats(), "services/stats/dataset:describe"),
    ("dataset cite data", lambda _: data().cite(), "services/cite/dataset:cite"),
    ("dataset verify data", lambda _: data().verify(), "services/dataset/verify:check_folder"),
    ("dataset diff data data", lambda _: data().diff("data"), "services/dataset/compare:compare"),
    (
        "dataset export data three --to csv",
        lambda _: data().export("four", "csv"),
        "services/export/final:Finals.write",
    ),
    (
        "superpixel regions map.png --neighbors",
        lambda _: drawn().contacts(),
        "superpixel/map:SuperpixelMap.contacts",
    ),
    (
        "superpixel decode map.png -o l.npy",
        lambda _: drawn().labels,
        "superpixel/map:SuperpixelMap.from_png",
    ),
    (
        "superpixel outline map.png -o m.svg",
        lambda _: drawn().svg(),
        "superpixel/map:SuperpixelMap.svg",
    ),
    (
        "superpixel mask map.png --labels 1 -o m.png",
        lambda _: drawn().mask([1]),
        "superpixel/map:SuperpixelMap.mask",
    ),
    (
        "challenge score 2018:3 truth.csv said.csv",
        lambda _: challenge.score_files("2018:3", "truth.csv", "said.csv"),
        "challenge/score:scored",
    ),
    (
        "challenge validate 2018:3 said.csv",
        lambda _: challenge.validate_file("2018:3", "said.csv"),
        "challenge/submission:read_submission",
    ),
    (
        "challenge truth 2018:3 truth.csv",
        lambda _: challenge.tidy_truth("2018:3", "truth.csv"),
        "services/challenge/truth:tidy_truth",
    ),
    (
        "challenge list 2018:3",
        lambda _: challenge.list_files("2018:3"),
        "challenge/catalogue:select_files",
    ),
    (
        "dataset audit data --kinds lesion,patient",
        lambda _: data().audit(["lesion", "patient"]),
        "services/dataset/audit:Audit.findings",
    ),
    ("lesion list -l 2", lambda a: next(a.lesions()), "api/archive:ArchiveApi.lesions"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("command", "call", "function"), PAIRS, ids=[one[0] for one in PAIRS])
def test_a_command_and_its_call_stand_on_one_function(
    archive: Archive, command: str, call: Callable[[Archive], object], function: str
) -> None:
    codes: list[int] = []
    shell = functions_of(lambda: codes.append(int(run(["--archive", "demo", *command.split()]))))
    assert codes == [0]
    both = shell & functions_of(lambda: call(archive))
    assert function in both, sorted(both)


def test_every_command_has_its_calls_in_the_table_of_the_docs() -> None:
    """A command that is new is in no row, and a call that is gone has no object."""
    page = Path(__file__).parents[2] / "docs" / "how-to" / "python.md"
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    named = [name for commands, _ in rows for name in re.findall(r"`([^`]+)`", commands)]
    assert sorted(named) == sorted(COMMANDS)
    public = {name: dir(getattr(isic_cli, name)) for name in isic_cli.__all__}
    public |= {"challenge": challenge.__all__, "superpixel": superpixel.__all__}
    public |= {"SuperpixelMap": dir(SuperpixelMap)}
    for _, calls in rows:
        names = re.findall(r"`(\w+)\.(\w+)", calls)
        assert names or calls == "the shell alone"
        assert [f"{owner}.{name}" for owner, name in names if name not in public[owner]] == []

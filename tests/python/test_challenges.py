"""The challenges from Python: files in, results out, as the commands have them."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli import challenge
from isic_cli.cli.main import run
from isic_cli.errors import CheckError, IsicError, NotFoundError, UsageError
from isic_cli.python.table import ResultTable
from tests.support.challenge_broken import GOOD, TRUTH
from tests.support.challenges import mirror
from tests.support.filehost import Loopback

PICTURES = "ISIC2018_Task3_Validation_Input"
LABELS = "ISIC2018_Task3_Validation_GroundTruth"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("truth.csv").write_text(TRUTH, "utf-8")
    Path("said.csv").write_text(GOOD, "utf-8")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return {f"/{name}": body for name, body in mirror().items() if name.startswith("2018/")}


@pytest.fixture
def host(files: dict[str, bytes]) -> Iterator[Loopback]:
    with Loopback(files=dict(files)) as loopback:
        yield loopback


def test_a_download_tells_what_came_what_was_there_and_what_failed(host: Loopback) -> None:
    fetch = partial(challenge.download, base_url=host.url, force=True, retries=0)
    first = fetch("2018:3:validation", "ham", only="images")
    assert repr(first) == "<DownloadResult ham: 1 downloaded, 0 already there>"
    assert (first.downloaded, first.failed) == ((PICTURES,), {})
    assert Path("ham", PICTURES, "ISIC_0024406.jpg").is_file()
    assert "10.1038/sdata.2018.161" in Path("ham/CITATION.bib").read_text("utf-8")
    host.files.pop(f"/2018/{LABELS}.zip")
    second = fetch(["2018:3:validation"], Path("ham"))
    assert (second.downloaded, second.skipped, second.ok) == ((), (f"{PICTURES}.zip",), False)
    assert list(second.failed) == [f"{LABELS}.zip"]
    assert "HTTP 404" in second.failed[f"{LABELS}.zip"]


def test_some_members_come_alone(host: Loopback) -> None:
    name, some = f"{PICTURES}.zip", "ISIC_0024407*"
    found = challenge.download(name, "ham", members=some, base_url=host.url, force=True)
    assert found.downloaded == ("ISIC_0024407",)
    assert [path.name for path in Path("ham").rglob("*.jpg")] == ["ISIC_0024407.jpg"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: challenge.list_files(2018), "list 2018"),
        (lambda: challenge.tidy_truth("2018:3", "truth.csv"), "truth 2018:3 truth.csv"),
        (
            lambda: challenge.score_files("2018:3", "truth.csv", "said.csv", ci=0.9, rounds=20),
            "score 2018:3 truth.csv said.csv --ci 0.9 --rounds 20",
        ),
        (
            lambda: challenge.validate_file("2018:3", "said.csv", "truth.csv"),
            "validate 2018:3 said.csv --ids truth.csv",
        ),
    ],
)
def test_a_call_returns_what_the_command_writes(
    call: Callable[[], ResultTable], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["challenge", *words.split(), "-f", "json"]) == 0
    assert json.loads(json.dumps(call().rows)) == json.loads(capsys.readouterr().out)


def test_a_file_that_the_site_would_refuse_is_refused_and_says_why() -> None:
    Path("said.csv").write_text(GOOD.replace("image", "picture", 1), "utf-8")
    with pytest.raises(CheckError, match=r"said\.csv"):
        challenge.score_files("2018:3", "truth.csv", ["said.csv"])
    assert {row["level"] for row in challenge.validate_file("2018:3", "said.csv")} >= {"error"}


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: challenge.list_files(2031), NotFoundError, "no challenge '2031'"),
        (lambda: challenge.download(3, "out"), NotFoundError, "no challenge '3'"),
        (lambda: challenge.download([], "out"), UsageError, "names: none is given"),
        (
            lambda: challenge.download("2018:3", "out", only=["foo"]),
            UsageError,
            "2018:3 has no files of foo",
        ),
        (lambda: challenge.tidy_truth(2020), UsageError, "sources: none is given"),
        (
            lambda: challenge.score_files(2020, "truth.csv", []),
            UsageError,
            "predictions: none is given",
        ),
        (
            lambda: challenge.score_files("2018:1", "truth.csv", "said.csv", by="sex"),
            UsageError,
            "metadata, metric, by, unit and plot are for tables, not for masks",
        ),
        (
            lambda: challenge.validate_file("2018:1", "said.csv"),
            UsageError,
            "masks and features are checked beside those of the truth",
        ),
    ],
)
def test_bad_input_names_what_is_wrong(
    call: Callable[[], object], kind: type[IsicError], said: str
) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert caught.value.message == said
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("task", "key", "ids"),
    [
        ("2019", "image", ["ISIC_0014108_downsampled", "ISIC_0014109", "ISIC_0014110"]),
        ("milk10k", "lesion_id", ["IL_0007000", "IL_0007001", "IL_0007002"]),
    ],
)
def test_a_tidy_truth_has_the_ids_of_the_truth_it_was_made_of(
    task: str, key: str, ids: list[str]
) -> None:
    classes = challenge.find_task(task).classes
    for name, values in (("whole.csv", ("0", "1")), ("guess.csv", ("0.05", "0.7"))):
        lines = [",".join([key, *classes])]
        for at, one in enumerate(ids):
            lines.append(",".join([one, *(values[at == n] for n in range(len(classes)))]))
        Path(name).write_text("\n".join(lines) + "\n", "utf-8")
    assert run(["challenge", "truth", task, "whole.csv", "-o", "tidy.csv"]) == 0
    assert Path("tidy.csv").read_text("utf-8").startswith("id,isic_id,label,")
    right = challenge.score_files(task, "whole.csv", "guess.csv").rows
    assert challenge.score_files(task, "tidy.csv", "guess.csv").rows == right
    errors = [
        row
        for row in challenge.validate_file(task, "guess.csv", "tidy.csv")
        if row["level"] == "error"
    ]
    assert errors == []


def test_masks_that_are_those_of_the_truth_score_one_exactly() -> None:
    Path("masks").mkdir()
    for number in range(6):  # the sum of six sixths is not 1
        mask = np.zeros((4, 6), np.uint8)
        mask[1:3, number // 2 : 4] = 255
        Image.fromarray(mask).save(f"masks/ISIC_000000{number}_segmentation.png")
    (row,) = challenge.score_files("2018:1", "masks", "masks", ci=0.95, rounds=20)
    assert [row[name] for name in ("score", "low", "high", "jaccard")] == [1.0, 1.0, 1.0, 1.0]


def test_a_dry_run_names_the_files_that_would_be_fetched(host: Loopback) -> None:
    fetch = partial(challenge.download, "2018:3:validation", "ham", base_url=host.url, retries=0)
    planned = fetch(dry_run=True)
    assert planned.planned == (f"{PICTURES}.zip", f"{LABELS}.zip")
    assert (planned.downloaded, planned.skipped, planned.ok) == ((), (), True)
    assert (Path("ham").exists(), host.requests) == (False, [])
    fetch(only="images", force=True, bandwidth=10**9, timeout=5, wait=1)
    again = fetch(dry_run=True)
    assert (again.planned, again.skipped) == ((f"{LABELS}.zip",), (f"{PICTURES}.zip",))
    with pytest.raises(UsageError, match="members has no dry run"):
        fetch(members="ISIC*", dry_run=True)
    with pytest.raises(UsageError, match="bandwidth=0 is not above 0"):
        fetch(bandwidth=0)


def test_the_host_is_asked_for_each_file(host: Loopback) -> None:
    host.files.pop(f"/2018/{LABELS}.zip")
    rows = challenge.list_files("2018:3:validation", check=True, base_url=host.url)
    assert {row["file"]: row["state"] for row in rows}[f"{LABELS}.zip"] == "gone"


def test_a_submission_is_written_as_the_site_wants_it() -> None:
    spaced = GOOD.replace(",", ", ").encode("utf-8-sig")
    Path("spaced.csv").write_bytes(spaced)
    assert [row["level"] for row in challenge.validate_file("2018:3", "spaced.csv")]
    challenge.validate_file("2018:3", "spaced.csv", "truth.csv", fixed="fixed.csv")
    assert challenge.validate_file("2018:3", "fixed.csv", "truth.csv").rows == ()
    Path("bad.csv").write_text(GOOD.replace("0", "x", 1) + "nonsense\n")
    with pytest.raises(CheckError, match="cannot be mended"):
        challenge.validate_file("2018:3", "bad.csv", fixed="out.csv")
    assert not Path("out.csv").exists()


def test_masks_are_written_as_the_site_wants_them() -> None:
    for name in ("truth", "said"):
        Path(name).mkdir()
    Image.fromarray(np.full((4, 4), 255, np.uint8)).save("truth/ISIC_0000001_segmentation.png")
    Image.fromarray(np.ones((4, 4), np.uint8)).save("said/ISIC_0000001_segmentation.png")
    challenge.validate_file("2018:1", "said", "truth", fixed="fixed")
    (mask,) = Path("fixed").rglob("*.png")
    assert np.asarray(Image.open(mask)).min() == 255
    with pytest.raises(UsageError, match="checked and not mended"):
        challenge.validate_file("2016:2", "said", "truth", fixed="fixed2")


def test_scores_are_drawn() -> None:
    pytest.importorskip("matplotlib")
    challenge.score_files("2018:3", "truth.csv", "said.csv", plot="scores.svg")
    assert "AUC" in Path("scores.svg").read_text()
    with pytest.raises(UsageError, match="a plot is .png"):
        challenge.score_files("2018:3", "truth.csv", "said.csv", plot="scores.txt")

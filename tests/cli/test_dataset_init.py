"""`isic dataset init` and `isic dataset check`: from a few words to a recipe."""

from pathlib import Path

import pytest

from tests.cli.conftest import Isic

ASKED = """\
recipe = 1
name = "nevi"

[source]
search = "diagnosis_3:Nevus"
license = "cc-by"

[dedupe]

[labels]
scheme = "isic2019"

[split]
ratio = "70:10:20"

[[export]]
to = "hf"
"""


def test_options_become_a_recipe_that_is_good(isic: Isic, folder: Path) -> None:
    options = ("-s", "diagnosis_3:Nevus", "--license", "cc-by", "--dedupe", "--label", "isic2019")
    done = isic(
        "dataset", "init", "nevi.toml", *options, "--ratio", "70:10:20", "--to", "hf", archive=None
    )
    assert (done.code, done.out) == (0, "")
    assert Path("nevi.toml").read_text() == ASKED
    assert isic("dataset", "check", "nevi.toml", archive=None).err == "nevi.toml is good.\n"
    again = isic("dataset", "init", "nevi.toml", "-s", "sex:male", archive=None)
    assert (again.code, again.err.splitlines()[0]) == (2, "Error: nevi.toml is there already")
    assert Path("nevi.toml").read_text() == ASKED


def test_options_that_cannot_be_leave_no_recipe(isic: Isic, folder: Path) -> None:
    done = isic(
        "dataset",
        "init",
        "x.toml",
        "--label",
        "isic1999",
        "--ratio",
        "70:20",
        "--to",
        "tar",
        archive=None,
    )
    assert done.code == 2
    assert done.err.splitlines()[-1] == "Error: x.toml has 1 mistake"
    assert not Path("x.toml").exists()


def test_the_answers_of_a_person_become_a_recipe(
    isic: Isic, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isic_cli.cli.dataset_recipe.can_ask", lambda: True)
    answers = "\ndiagnosis_3:Nevus\n\nisic1999\nisic2019\n70:10\n\ntar\nhf\ny\n"
    done = isic("dataset", "init", "nevi.toml", archive=None, stdin=answers)
    assert done.code == 0, done.err
    assert Path("nevi.toml").read_text() == ASKED
    # A mistake is told at once, and the question comes again.
    assert "Error: labels.scheme no label scheme is called isic1999 (one of" in done.err
    assert "Error: split.ratio the ratio '70:10' adds up to 80" in done.err
    assert done.err.count("Layout of the export") == 2
    answers = "all\nnone\nnone\n\nnone\n\nn\n"
    assert isic("dataset", "init", "all.toml", archive=None, stdin=answers).code == 0
    assert Path("all.toml").read_text() == 'recipe = 1\nname = "all"\n\n[source]\n'


def test_nobody_to_ask_is_a_usage_error(isic: Isic, folder: Path) -> None:
    done = isic("dataset", "init", archive=None)
    assert (done.code, done.err.splitlines()[0]) == (
        2,
        "Error: nothing was chosen, and nobody can be asked",
    )


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (None, 6, "Error: no such recipe: set.toml"),
        (b"\xff\xfe", 8, "Error: set.toml is not UTF-8"),
        (b"recipe = [", 2, "set.toml:1:1: "),
        (b"recipe = 1\nrecipe = 2\n", 2, "set.toml:2:"),
        (b"recipe = 9\n", 2, "set.toml:1:1: recipe is of version 9, which is not known here"),
        (b"[" * 100_000, 2, "set.toml:1:"),
    ],
)
def test_what_is_no_recipe_is_told(
    isic: Isic, folder: Path, content: bytes | None, code: int, message: str
) -> None:
    if content is not None:
        Path("set.toml").write_bytes(content)
    for verb in ("check", "build"):
        done = isic("dataset", verb, "set.toml", archive=None)
        assert (done.code, done.err[: len(message)]) == (code, message)
    assert not Path("set").exists()

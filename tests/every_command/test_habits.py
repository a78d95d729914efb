"""What people bring from other tools holds of every command: -q, -l, -n, --json, --jq, --web."""

from pathlib import Path

import click
import pytest

from tests.every_command.conftest import Isic
from tests.every_command.tree import COMMANDS, with_option

#: Commands whose only word is their answer, and those that speak with a person.
SPEAK = {
    *("api", "completion", "collection cite", "dataset check", "dataset cite", "dataset init"),
    *("serve", "user login", "user logout", "user token"),
}

#: What changes the archive, the cache or a folder that has more in it than this run's output.
CHANGE = {
    *("accession upload", "cache clear", "cache prune", "challenge download"),
    *("collection add", "collection add-images", "collection create", "collection delete"),
    *("collection remove", "collection remove-images", "dataset build", "dataset export"),
    *("dataset sync", "image download", "study download"),
}

#: What writes, and what it is that it writes: nothing that was there goes, unless it is named.
WRITE_ELSEWHERE = {
    "cache refresh": "the index, whole or not at all",
    "dataset init": "one file, which must not be there",
    "dataset merge": "-o, or --into, where pictures are added and never replaced",
    "dataset verify": "what --repair fetches again; without it, it says what",
    "image gallery": "a folder of its own, which -o names",
    "image sheet": "the picture that -o names",
    "study overlay": "pictures in the folder that -o names",
    **{
        f"superpixel {verb}": "what -o names; generate keeps maps unless --overwrite"
        for verb in ("decode", "encode", "features", "generate", "mask", "outline", "overlay")
    },
    "superpixel tiles": "small pictures in a folder of its own",
    **dict.fromkeys(("user login", "user logout"), "the login of this user"),
}


def lists(name: str) -> bool:
    """Whether a command writes rows."""
    return name in with_option("--format")


def test_every_command_but_those_that_only_answer_can_be_quiet() -> None:
    assert set(COMMANDS) - set(with_option("-q")) == SPEAK


def test_every_list_can_be_cut_after_the_first_ones() -> None:
    found = {name for name in COMMANDS if name.split()[-1] in {"list", "log"}}
    assert len(found) > 8
    assert found - set(with_option("-l")) == set()


def test_everything_that_changes_something_can_first_say_what() -> None:
    assert set(with_option("-n")) - {"image similar"} == CHANGE  # there it is an old --limit
    assert set(with_option("--dry-run")) == CHANGE
    assert {name for name in COMMANDS if not lists(name)} - CHANGE - set(WRITE_ELSEWHERE) == {
        *("api", "completion", "collection cite", "dataset check", "dataset cite", "serve"),
        "user token",
    }


def test_every_show_has_json_and_jq_and_the_address_of_a_page() -> None:
    shows = {name for name in COMMANDS if name.endswith(" show")}
    assert len(shows) == 8
    assert shows - set(with_option("--json")) == shows - set(with_option("--jq")) == set()
    assert shows - set(with_option("--web")) == {"user show"}  # who one is has no page


def test_what_a_shell_can_know_is_completed() -> None:
    """Collections, studies, tasks, schemes, executors: by one function each, everywhere."""
    offers: dict[str, set[str]] = {}
    for command in COMMANDS.values():
        for param in command.params:
            words = {*param.opts, *(param.metavar or "").replace("|", " ").split()}
            kinds = {
                "collection": "--collection" in words or {"ID", "NAME", "DOI"} <= words,
                "task": "YEAR:TASK" in words,
                "scheme": words & {"--scheme", "--label"},
                "executor": "--executor" in words,
                "archive": "--archive" in words,
            }
            found = param._custom_shell_complete
            for kind in (kind for kind, is_one in kinds.items() if is_one):
                offers.setdefault(kind, set()).add(found.__name__ if found else "")
    for kind in ("collection", "task", "scheme", "executor"):
        assert offers[kind] == {f"complete_{kind}"}
    for name in with_option("--from"):
        (option,) = (param for param in COMMANDS[name].params if "--from" in param.opts)
        items = option.shell_complete(click.Context(COMMANDS[name]), "i")
        assert [item.type for item in items] == ["file"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("image", "download", "-c", "1", "new"),
        ("dataset", "sync", "out"),
        ("dataset", "verify", "out"),
        ("study", "download", "1", "studied"),
        ("study", "overlay", "study", "-o", "drawn"),
        ("superpixel", "outline", "ISIC_9000002", "ISIC_9000004", "-o", "outlines"),
        ("image", "sheet", "out", "-o", "sheet.png"),
        ("cache", "clear", "--files", "-n"),
    ],
    ids=" ".join,
)
def test_a_quiet_command_says_nothing_where_all_is_well(words: tuple[str, ...], isic: Isic) -> None:
    loud = isic(*words)
    assert (loud.code, loud.err == "") == (0, False)
    quiet = isic(*words, "--quiet")
    assert (quiet.code, quiet.err) == (0, "")


def test_a_quiet_command_still_tells_what_failed(isic: Isic) -> None:
    done = isic("image", "download", "-q", "ISIC_9000002", "ISIC_9999999", "some")
    assert done.code == 3
    assert "ISIC_9999999" in done.err
    assert "downloaded" not in done.err


@pytest.mark.slow
def test_a_dry_run_of_an_export_counts_and_writes_nothing(isic: Isic) -> None:
    options = ("out", "classes", "--to", "imagefolder", "--label", "isic2019")
    planned = isic("dataset", "export", *options, "-n")
    assert (planned.code, Path("classes").exists()) == (0, False)
    counts = dict(line.split("\t") for line in planned.out.splitlines())
    assert f"{sum(map(int, counts.values()))} images would be exported." in planned.err
    assert isic("dataset", "export", *options).code == 0
    folders = [path for path in Path("classes/images").iterdir() if path.is_dir()]
    found = {path.name: str(sum(1 for _ in path.iterdir())) for path in folders}
    assert {name: count for name, count in found.items() if count != "0"} == counts


def test_a_dry_run_of_a_study_download_leaves_no_folder(isic: Isic) -> None:
    done = isic("study", "download", "1", "planned", "-n")
    assert (done.code, Path("planned").exists()) == (0, False)
    place = Path("planned") / "studies" / "1"
    assert done.err == f"Would write {place}, with 10 images. Nothing was touched.\n"


def test_a_challenge_is_shown_on_its_site(isic: Isic) -> None:
    done = isic("challenge", "show", "2018:3", "--web")
    assert (done.code, done.out) == (0, "https://challenge.isic-archive.com/data/#2018\n")

"""Every option of every command is a keyword of its public call, or stands here with a reason.

From the Click tree: an option without a keyword fails, and so does a line here that no option
needs any more, or whose keyword is not one.
"""

import inspect
import re
from collections.abc import Iterator, Mapping

import click
import pytest

import isic_cli
from isic_cli import Archive, challenge, superpixel
from isic_cli.python.account import PendingLogin
from isic_cli.python.results import DatasetSplit
from isic_cli.superpixel import SuperpixelMap
from tests.every_command.tree import COMMANDS
from tests.python.test_one_use_case import PAGE, THE_SHELLS

#: Options whose meaning is the shell's, by the name of their parameter, wherever they are.
OF_THE_SHELL = {
    **dict.fromkeys(
        ("format_", "json_fields", "jq", "output_file", "excel_safe", "quiet"),
        "output: a call returns a table, which is written in each of these forms",
    ),
    "fields": "output: `ResultTable` has its columns",
    "limit": "output: a caller takes as many of the rows as he wants",
    "progress": "progress: a call that shows it has `progress`",
    "report_file": "the report: what a call returns has a row for each item",
    "where": "a cluster runs the caller, who runs commands there",
    "wait_workers": "a cluster runs the caller, who runs commands there",
    "exit_code": "an exit code: the caller looks at the rows",
    "fail_empty": "an exit code: the caller looks at how many there are",
    "yes": "a question at a terminal: who writes a call has decided",
    "web": "opens a browser on a page",
    "token_file": "Archive.open(token=…)",
}

#: Options that select images: a call is given a search, which has their keywords.
OF_A_SEARCH = {
    "search": "query",
    "collections": "collections",
    "from_file": "ids",
    "status": "ids",
    "strict": "ids",
    "license": "license",
    "exclude": "exclude",
    "limit": "limit",
    "offline": "offline",
    "where": "where",
    "max_age": "max_age",
    "shard": "shard",
    "sample": "sample",
    "sample_by": "by",
    "one_per": "one_per",
    "seed": "seed",
}

#: Options whose keyword has another name.
RENAMED = {
    "api": {"input_file": "json"},
    "dataset cite": {"limit": "fail_license"},
    "dataset init": {"from_file": "ids"},
    "image download": {"outdir": "folder"},
    "image gallery": {"out": "folder"},
    "image sheet": {"output": "path", "cols": "columns"},
    "image similar": {"number": "limit"},
    "study download": {"no_images": "pictures"},
}

_MAP = "a map or mask is a value: what it is read from and written to is the caller's"
_JOBS = "one map a call: who has many hands the call to a pool"
_OPENED = "of `Archive.open`, whose connections a download uses"
_WRITTEN = "the rows name the ids: a list of them is written in a line"
_SHEET = "drawn of rows that the call returns: `ImageSelection.sheet` draws a sheet"
_STUDY = "of `ReaderStudy.open`, which reads the source"

#: Options without a keyword, and why.
WITHOUT = {
    "api": {"paginate": "`Archive.request_rows`"},
    "collection add-images": {"ids_file": "the ids are the argument"},
    "collection create": {"dry_run": "what is returned is the collection that was made"},
    "collection list": {"counts": "`collection.images().count()`, a request each"},
    "collection remove-images": {"ids_file": "the ids are the argument"},
    "dataset audit": {"sheet": _SHEET, "first": _SHEET},
    "dataset build": {
        "dry_run": "`DatasetRecipe.plan`",
        "lock_file": "the lock is that of the folder, where another can be put first",
    },
    "dataset check-leak": {"sheet": _SHEET, "write_exclude": _WRITTEN},
    "dataset cite": {"output": "what is returned is the text"},
    "dataset dedupe": {"write_exclude": _WRITTEN},
    "dataset init": {"explain": "`DatasetRecipe.explained`", "schema": "`DatasetRecipe.schema`"},
    "dataset split": {
        "check": "`Dataset.check_split`",
        "column": "`DatasetSplit` is no table: who makes one names its columns",
        "ids": "`DatasetSplit.ids`",
        "strict": "an exit code: each conflict is a warning",
    },
    "image download": {"cache": _OPENED, "timeout": _OPENED, "retries": _OPENED},
    "image gallery": {"timeout": _OPENED, "retries": _OPENED},
    "image list": {
        "unordered": "a listing from Python comes in the archive's order",
        "only_count": "`ImageSelection.count`",
    },
    "metadata download": {
        "serial": "a listing from Python comes page after page",
        "extras": "a column of the index: `Archive.sql`",
    },
    "serve": {
        "open_": "opens a browser on a page",
        "seconds": "a context manager ends when the caller does",
    },
    "study agreement": {"number": _STUDY, "long": _STUDY, "answers": _STUDY},
    "study consensus": {
        "number": _STUDY,
        "folders": _STUDY,
        "kind": "answers without features, marks with them; masks are `ReaderStudy.mask`",
        "images": "of the rows, or of `ReaderStudy.mask`, which takes the image",
        "outdir": _MAP,
        "vote_only": "the mask of a majority is what `ReaderStudy.mask` returns",
    },
    "study overlay": {
        "number": _STUDY,
        "folders": _STUDY,
        "folder": "what is returned is the picture",
        "no_sheet": "one picture a call has no sheet",
    },
    "study responses": {"number": _STUDY},
    "superpixel compare": {
        "kind": "each kind has its function",
        "map_file": "`superpixels` of compare_features",
        "jobs": _JOBS,
    },
    "superpixel decode": {"out": _MAP, "to": _MAP, "jobs": _JOBS},
    "superpixel encode": {"out": _MAP, "jobs": _JOBS},
    "superpixel features": {"out": _MAP, "jobs": _JOBS},
    "superpixel generate": {"out": _MAP, "force": _MAP, "jobs": _JOBS},
    "superpixel info": {"jobs": _JOBS},
    "superpixel mask": {"features": _MAP, "only": _MAP, "out": _MAP, "jobs": _JOBS},
    "superpixel outline": {"image": _MAP, "out": _MAP, "to": _MAP, "jobs": _JOBS},
    "superpixel overlay": {"features": _MAP, "column": _MAP, "out": _MAP, "jobs": _JOBS},
    "superpixel regions": {
        "image": _MAP,
        "features": _MAP,
        "neighbors": "`SuperpixelMap.contacts`",
        "jobs": _JOBS,
    },
    "superpixel tiles": {"jobs": _JOBS},
    "user login": {"no_browser": "`PendingLogin.url` is opened by whom it concerns"},
}

OWNERS = {
    **{name: getattr(isic_cli, name) for name in isic_cli.__all__},
    "isic_cli": isic_cli,
    "challenge": challenge,
    "superpixel": superpixel,
    "SuperpixelMap": SuperpixelMap,
}


def options(command: str) -> Iterator[click.Option]:
    """Yield the options of a command that people are told of."""
    for one in COMMANDS[command].params:
        if isinstance(one, click.Option) and not one.hidden:
            yield one


def selects(command: str) -> bool:
    """Whether a command takes a selection of images, as options."""
    return any(one.name == "one_per" for one in options(command))


def keywords(call: str) -> set[str]:
    """Return the names of the parameters of a public call, such as `Dataset.cite`."""
    owner, name = call.split(".")
    value = inspect.getattr_static(OWNERS[owner], name, None) or getattr(OWNERS[owner], name)
    for wrapped in ("__func__", "fget", "func"):
        value = getattr(value, wrapped, value)
    return set(inspect.signature(value).parameters)


def documented() -> Mapping[str, set[str]]:
    """Return for each command the keywords of the calls that the docs name for it."""
    found: dict[str, set[str]] = {}
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("| `"):
            commands, calls = line.strip("|").split("|")
            names = set().union(*map(keywords, re.findall(r"`(\w+\.\w+)`", calls)))
            found |= dict.fromkeys(re.findall(r"`([^`]+)`", commands), names)
    return found


CALLS = documented()
SEARCH = keywords("Archive.search")


def is_keyword(option: click.Option, names: set[str]) -> bool:
    """Whether the parameter, or a spelling of the option, is among the names of keywords."""
    spellings = {one.lstrip("-").replace("-", "_") for one in option.opts}
    return bool({str(option.name), *spellings} & names)


def without(command: str) -> dict[str, str]:
    """Return the options of a command that no keyword answers, by what answers for each."""
    told: dict[str, str] = {}
    for one in options(command):
        name = str(one.name)
        of_call = RENAMED.get(command, {}).get(name)
        if of_call in CALLS[command] or is_keyword(one, CALLS[command]):
            continue
        if name in WITHOUT.get(command, {}):
            told[name] = "here"
        elif selects(command) and name in OF_A_SEARCH and OF_A_SEARCH[name] in SEARCH:
            told[name] = "search"
        elif name in OF_THE_SHELL:
            told[name] = "shell"
        else:
            told[name] = ""
    return told


@pytest.mark.parametrize("command", [one for one in COMMANDS if one not in THE_SHELLS])
def test_every_option_is_a_keyword_or_has_a_reason(command: str) -> None:
    assert [name for name, told in without(command).items() if not told] == []


def test_no_reason_is_left_of_an_option_that_is_gone_or_has_a_keyword() -> None:
    every = {command: without(command) for command in COMMANDS if command not in THE_SHELLS}
    for command, reasons in WITHOUT.items():
        needed = {name for name, told in every[command].items() if told == "here"}
        assert set(reasons) == needed, command
    for command, names in RENAMED.items():
        there = {str(one.name) for one in options(command)}
        assert set(names) <= there, command
        assert set(names.values()) <= CALLS[command], command
    of_shell = {name for told in every.values() for name, by in told.items() if by == "shell"}
    assert of_shell == set(OF_THE_SHELL)
    assert set(OF_A_SEARCH.values()) <= set(inspect.signature(Archive.search).parameters)


def test_what_a_reason_names_is_there() -> None:
    reasons = [*OF_THE_SHELL.values(), *(one for each in WITHOUT.values() for one in each.values())]
    named = re.findall(r"`(\w+)\.(\w+)", " ".join(reasons))
    known = {**OWNERS, "PendingLogin": PendingLogin, "DatasetSplit": DatasetSplit}
    assert [f"{owner}.{name}" for owner, name in named if owner[0].isupper()]
    for owner, name in named:
        if owner in known:
            assert name == "url" or hasattr(known[owner], name), f"{owner}.{name}"
        else:
            assert owner == "collection"


def test_what_the_archive_and_the_study_are_opened_with_has_the_keywords() -> None:
    opened = {name for each in WITHOUT.values() for name, why in each.items() if why == _OPENED}
    assert opened <= keywords("Archive.open")
    renamed = {"folders": "images"}
    studies = {name for each in WITHOUT.values() for name, why in each.items() if why == _STUDY}
    assert {renamed.get(name, name) for name in studies} <= keywords("ReaderStudy.open")

"""The selection options, the same in every command that takes images."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import click

from isic_cli.cli.complete import complete_collection, complete_counted, complete_query
from isic_cli.cli.params import AGE, LOCAL_TEXT, Count
from isic_cli.errors import UsageError
from isic_cli.files.store_url import scheme_of
from isic_cli.models.ids import as_isic_id
from isic_cli.models.selection import IdList, Selection

_SEARCH = "An id looks like ISIC_0024306; to search, -s 'diagnosis_1:Malignant'."
_EXAMPLE = "For example: isic image download ISIC_0024306 ISIC_0024310 out/"

LICENSE_CHOICES = ("cc-0", "cc-by", "cc-by-nc")


def selecting(
    *, by: bool = True, ids: bool = True, beside: str | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add ids as arguments, `-s`, `-c`, `--from` and so on; the command gets a `selection`.

    Parameters
    ----------
    by : bool
        False for a command whose own `--by` means something else.
    ids : bool
        False for a command that reads the ids among arguments of its own.
    beside : str, optional
        The command's optional argument before the ids: an id in its place is one of them.
    """
    balance = ("--by", "--sample-by") if by else ("--sample-by",)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            given = {name: kwargs.pop(name) for name in _OPTIONS}
            named = kwargs.pop("isic_ids", ())
            if beside and kwargs[beside] is not None and is_named(kwargs[beside]):
                named, kwargs[beside] = (str(kwargs[beside]), *named), None
            selection = with_ids(_selection(given), checked_ids(named))
            return command(*args, selection=selection, **kwargs)

        made = _with_options(wrapped, *balance)
        return click.argument("isic_ids", nargs=-1, metavar="[ISIC_ID]…")(made) if ids else made

    return decorate


selection_options = selecting()


def _with_options(command: Callable[..., Any], *balance: str) -> Callable[..., Any]:
    @click.option(
        "-s",
        "--search",
        metavar="QUERY",
        default="",
        shell_complete=complete_query,
        help="In the archive's search language: 'diagnosis_3:\"Melanoma Invasive\" AND sex:male'.",
    )
    @click.option(
        "-c",
        "--collection",
        "--collections",
        "collections",
        multiple=True,
        metavar="ID|NAME|DOI",
        shell_complete=complete_collection,
        help="In this collection; repeat it, or list ids with commas, for a union.",
    )
    @click.option(
        "--from",
        "from_file",
        type=LOCAL_TEXT,
        metavar="FILE",
        help="These ISIC ids: lines, CSV, JSONL, or a lock or report of isic; - is standard input.",
    )
    @click.option(
        "--status",
        metavar="A,B",
        help="With --from REPORT: only its items with this status; failed is any but the good.",
    )
    @click.option(
        "--license",
        type=click.Choice(LICENSE_CHOICES, case_sensitive=False),
        help="At most this restrictive.",
    )
    @click.option(
        "--exclude", type=LOCAL_TEXT, metavar="FILE", help="Leave out the ids in this file."
    )
    @click.option("-l", "--limit", type=Count(0), default=0, help="The first N; 0 for all.")
    @click.option(
        "--offline",
        "--local",
        "offline",
        is_flag=True,
        help="Ask the index on this machine (isic cache refresh), not the archive.",
    )
    @click.option(
        "--where",
        metavar="SQL",
        help='With --offline, any expression that must hold too: "pixels_x >= 2048".',
    )
    @click.option(
        "--max-age",
        type=AGE,
        metavar="AGE",
        help="With --offline: refuse an index older than this, such as 7d.",
    )
    @click.option("--strict", is_flag=True, help="Stop at an id file's first line without an id.")
    @click.option(
        "--shard",
        metavar="I/N",
        help="The I-th of N stable parts; auto in an array job of any scheduler.",
    )
    @click.option("--sample", type=Count(1), metavar="N", help="Draw N images.")
    @click.option(
        *balance,
        "sample_by",
        metavar="FIELD",
        shell_complete=complete_counted,
        help="Balance the sample over this field's values.",
    )
    @click.option(
        "--one-per",
        type=click.Choice(["lesion", "patient"]),
        help="At most one image of each in the sample.",
    )
    @click.option("--seed", type=Count(None), help="Another seed, another sample.  [default: 0]")
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped


_OPTIONS = (
    *("search", "collections", "from_file", "status", "license", "exclude", "limit", "strict"),
    *("shard", "sample", "sample_by", "one_per", "seed", "offline", "where", "max_age"),
)


def _check_of_the_index(given: dict[str, Any]) -> None:
    """Refuse options that mean nothing to the archive, and an expression that is none."""
    reasons = {
        "where": "The archive knows only its own search language; the index knows SQL.",
        "max_age": "What the archive itself answers is never old; the index may be.",
    }
    for name, reason in reasons.items():
        if given[name] is not None and not given["offline"]:
            raise UsageError(f"--{name.replace('_', '-')} needs --offline", hint=reason)
    # A shell variable that was never set must not select the whole archive.
    if given["where"] is not None and not given["where"].strip():
        raise UsageError("--where is empty", hint="For example --where 'pixels_x >= 2048'.")


def _selection(given: dict[str, Any]) -> Selection:
    """Check what was given, and read the id files."""
    statuses = _statuses(given["status"])
    if statuses and given["from_file"] is None:
        raise UsageError("--status needs --from REPORT")
    for name, option in (("sample_by", "--by"), ("one_per", "--one-per"), ("seed", "--seed")):
        if given[name] is not None and not given["sample"]:
            raise UsageError(f"{option} needs --sample N")
    _check_of_the_index(given)
    query = _checked_query(given["search"])
    shard = _shard(given["shard"]) if given["shard"] else None
    ids = _ids(given["from_file"], statuses, strict=given["strict"])
    if ids is not None and not ids.ids:
        click.echo(f"Warning: {ids.name} holds no ISIC id", err=True)
    return Selection(
        query=query,
        collections=_collection_names(given["collections"]),
        ids=ids,
        license=given["license"],
        exclude=_ids(given["exclude"], (), strict=given["strict"]),
        limit=given["limit"],
        shard=shard,
        sample=given["sample"] or 0,
        by=given["sample_by"],
        one_per=given["one_per"],
        seed=given["seed"] or 0,
        offline=given["offline"],
        where=given["where"] or "",
        max_age=given["max_age"],
    )


def _ids(file: str | None, statuses: tuple[str, ...], *, strict: bool) -> IdList | None:
    if file is None:
        return None
    from isic_cli.tables.ids import read_ids

    return read_ids(file, statuses=statuses, strict=strict)


def _shard(text: str) -> str:
    import os

    from isic_cli.curation.shard import parse_shard

    shard = parse_shard(text, os.environ)
    return f"{shard.number}/{shard.of}"


def _statuses(text: str | None) -> tuple[str, ...]:
    """Check the words of `--status`: one that no report has would select nothing, in silence."""
    from isic_cli.models.outcomes import BAD, GOOD

    words = _words(text) if text is not None else ()
    known = GOOD | BAD
    unknown = [word for word in words if word not in known]
    if unknown or (text is not None and not words):
        raise UsageError(
            f"no report has the status {', '.join(unknown) or repr(text)}",
            hint=f"failed is any that is not good; known are {', '.join(sorted(known))}.",
        )
    return words


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _checked_query(text: str) -> str:
    if text:  # the language is not loaded for nothing
        from isic_cli.query import parse

        parse(text)  # a bad query ends here, before an id file is read or a request is sent
    return text


def _collection_names(values: tuple[str, ...]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for value in values:
        if re.fullmatch(r"[\d\s,]+", value):
            names.update(dict.fromkeys(_words(value)))
        elif value.strip():
            names[value.strip()] = None
    return tuple(names)


def ids_and_folder(
    place: tuple[str, ...], outdir: Path | str | None
) -> tuple[tuple[str, ...], Path | str]:
    """Divide arguments into ISIC ids and the folder, the last one unless `-o` names it.

    Raises
    ------
    UsageError
        No folder, an id where the folder should stand, or an argument that is neither.
    """
    names = place
    if outdir is None:
        if not place or not place[-1]:  # an unset variable is not the working folder
            raise UsageError("no folder is named", hint=_EXAMPLE)
        *names_, last = place
        names, outdir = tuple(names_), last if scheme_of(last) else Path(last)
        if as_isic_id(last):
            raise UsageError(f"no folder is named: {last} is an image", hint=_EXAMPLE)
    hint = f"{outdir} is the folder. {_EXAMPLE}"
    return checked_ids(names, hint), outdir


def checked_ids(names: tuple[str, ...], hint: str = _SEARCH) -> tuple[str, ...]:
    """Return arguments as ISIC ids.

    Raises
    ------
    UsageError
        For one that is none.
    """
    ids = [as_isic_id(name) for name in names]
    for name, isic_id in zip(names, ids, strict=True):
        if isic_id is None:
            raise UsageError(f"{name} is not an ISIC id", hint=hint)
    return tuple(isic_id for isic_id in ids if isic_id is not None)


def is_named(place: Path) -> bool:
    """Whether an argument for a file is the id of an image, and no such file is there."""
    return as_isic_id(str(place)) is not None and not place.exists()


def with_ids(selection: Selection, isic_ids: tuple[str, ...]) -> Selection:
    """Return a selection that ids given as arguments belong to, beside those of a file."""
    if not isic_ids:
        return selection
    known = selection.ids
    if known is None:
        return replace(selection, ids=IdList("the arguments", tuple(dict.fromkeys(isic_ids))))
    return replace(selection, ids=replace(known, ids=tuple(dict.fromkeys((*isic_ids, *known.ids)))))

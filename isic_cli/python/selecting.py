"""Arguments of a search as a selection, refused by name where they cannot be."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, cast, get_args

from isic_cli.errors import UsageError
from isic_cli.models.ids import as_isic_id
from isic_cli.models.licenses import LICENSES
from isic_cli.models.selection import IdList, Selection

if TYPE_CHECKING:
    from isic_cli.curation.reference import Style


def selection_of(
    query: str,
    *,
    collections: Iterable[int | str],
    ids: Iterable[str] | None,
    license: str | None,  # noqa: A002 - the option's name
    exclude: Iterable[str] | None,
    limit: int | None,
    shard: str | None,
    sample: int,
    by: str | None,
    one_per: str | None,
    seed: int,
    offline: bool,
    where: str,
    max_age: timedelta | None,
) -> Selection:
    """Return the selection that the arguments of `Archive.search` mean.

    Raises
    ------
    QueryError
        For a query that does not parse.
    UsageError
        For any other argument that cannot be; it is named.
    """
    from isic_cli.query import parse

    parse(query)
    if isinstance(collections, str | int):
        raise UsageError("collections is a list: write collections=[…]")
    strictest = known_license(license, "license")
    if one_per not in {None, "lesion", "patient"}:
        raise UsageError(f"one_per={one_per!r}", hint="lesion or patient.")
    for name, number in (("limit", limit or 0), ("sample", sample), ("seed", seed)):
        if number < 0:
            raise UsageError(f"{name}={number} is below 0")
    if (by or one_per) and not sample:
        raise UsageError("by and one_per describe a sample", hint="Say how many: sample=100.")
    if max_age is not None and not offline:
        hint = "Say so: offline=True. What the archive itself answers is never old."
        raise UsageError("max_age is about the index of this machine", hint=hint)
    if where and not offline:
        raise UsageError("where is asked of the index", hint="Add offline=True.")
    if shard is not None:
        from isic_cli.curation.shard import parse_shard

        parse_shard(shard, {})
    return Selection(
        query=query,
        collections=tuple(map(str, collections)),
        ids=id_list("ids", ids) if ids is not None else None,
        license=strictest,
        exclude=id_list("exclude", exclude) if exclude is not None else None,
        limit=limit or 0,
        shard=shard,
        sample=sample,
        by=by,
        one_per=one_per,
        seed=seed,
        offline=offline,
        max_age=None if max_age is None else max_age.total_seconds(),
        where=where,
    )


def id_list(name: str, given: Iterable[object]) -> IdList:
    """Return the ids that an argument lists; raises `UsageError` that names it."""
    if isinstance(given, str):
        raise UsageError(f"{name} is a list of ISIC ids: write {name}=[…]")
    found: dict[str, None] = {}
    for one in given:
        isic_id = as_isic_id(one) if isinstance(one, str) else None
        if isic_id is None:
            raise UsageError(f"{name}: {one!r} is not an ISIC id")
        found[isic_id] = None
    return IdList(name, tuple(found))


def known_style(name: str) -> "Style":
    """Return a style of citation; raises `UsageError` for an unknown one."""
    from isic_cli.curation.reference import Style

    if name in get_args(Style):
        return cast("Style", name)
    raise UsageError(f"style={name!r}", hint=f"One of: {', '.join(get_args(Style))}.")


def known_license(name: str | None, argument: str) -> str | None:
    """Return a licence as selections name it; raises `UsageError` for another word."""
    if name is not None and name.upper() not in LICENSES:
        raise UsageError(f"{argument}={name!r}", hint=f"One of: {', '.join(LICENSES).lower()}.")
    return name.lower() if name else None

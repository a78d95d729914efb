"""What a citation needs to know about a table or folder: ids, credits, date, collections."""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from isic_cli.challenge.metadata import challenges_of
from isic_cli.config import PROD_URL
from isic_cli.curation.credit import (
    Credit,
    beyond,
    credits_of,
    digest_ids,
    license_sentence,
)
from isic_cli.curation.reference import Reference, obliged
from isic_cli.errors import CheckError, UsageError
from isic_cli.folder.collection_file import read_collections
from isic_cli.models.ids import IdSet
from isic_cli.query import any_of
from isic_cli.services.cite.archive import (
    images_of,
    lock_header,
    origin_of,
    publisher_of,
    publisher_of_collection,
)
from isic_cli.services.tabular import TableSource, open_table

_CREDIT = ("copyright_license", "attribution")


@dataclass(frozen=True, slots=True)
class CitedCollection:
    """A collection that images of the set came from."""

    name: str
    doi: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a set of images came from, as far as its folder or lock says.

    Attributes
    ----------
    archive : str
        As a lock names it: URL, or `demo`; `""` when nothing says.
    query : str
        The search.
    retrieved : date
        When the metadata was written.
    sources : tuple of CitedCollection
        The collections.
    """

    archive: str
    query: str
    retrieved: date
    sources: tuple[CitedCollection, ...]


def read_provenance(source: Path, isic_ids: Container[str]) -> Provenance:
    """Read where a table, lock or folder came from.

    The header of an `isic.lock` says it best; without one the date is that of the newest file of
    metadata. Of a `collections.json` those collections count that list an image of the set; of an
    unpacked challenge it is the challenge, whose images are the ISIC Archive's.

    Raises
    ------
    LocalError
        A `collections.json` that cannot be read.
    """
    folder = source if source.is_dir() else source.parent
    lock = folder / "isic.lock" if source.is_dir() else source
    header = lock_header(lock)
    archive = origin_of(source)
    sources = [_source(one) for one in header.get("collections") or () if isinstance(one, dict)]
    if not sources and source.is_dir():
        sources = [
            CitedCollection(one.name, one.doi)
            for one in read_collections(folder / "collections.json").values()
            if any(isic_id in isic_ids for isic_id in one.isic_ids)
        ]
    if not sources and source.is_dir():
        sources = [CitedCollection(name) for name in challenges_of(source)]
        archive = archive or (PROD_URL if sources else "")
    return Provenance(
        archive=archive,
        query=_query(header),
        retrieved=_date(header, source),
        sources=tuple(sources),
    )


def _query(header: dict[str, Any]) -> str:
    """Return the searches of all selections that filled the folder, as one search."""
    chosen = [one for one in header.get("selections") or () if isinstance(one, dict)]
    queries = list(dict.fromkeys(str(one.get("query") or "") for one in chosen))
    return any_of(*queries) if queries else ""


def _source(value: dict[str, Any]) -> CitedCollection:
    name = value.get("name") or value.get("id") or ""
    return CitedCollection(str(name), value.get("doi") or None)


def _date(header: dict[str, Any], source: Path) -> date:
    try:
        return datetime.fromisoformat(str(header.get("time"))).date()
    except ValueError:
        pass  # no lock, or a table
    names = ("metadata.csv", ".isic/journal.jsonl", "isic.lock") if source.is_dir() else ("",)
    times = [(source / name).stat().st_mtime for name in names if (source / name).exists()]
    return datetime.fromtimestamp(max(times, default=source.stat().st_mtime), UTC).date()


def cite(
    source: Path,
    *,
    archive: str,
    retrieved: date | None = None,
    title: str = "",
    sources: Sequence[CitedCollection] = (),
    limit: str | None = None,
) -> tuple[Reference, TableSource]:
    """Return what is cited of a table, lock or folder.

    Parameters
    ----------
    source : Path
        As `open_table` takes it.
    archive : str
        The archive when the source does not name one; `""` when nobody knows it.
    retrieved : date, optional
        When the archive was asked; by default what the source says.
    title : str
        `""` for one made of the number of images.
    sources : sequence of CitedCollection
        Collections to name; by default what the source says.
    limit : str, optional
        The strictest licence to let through.

    Raises
    ------
    CheckError
        Images are under a stricter licence than `limit`, or under none that is known.
    UsageError
        There is nothing to cite, or a column is missing.
    NotFoundError, LocalError
        As `open_table`.
    """
    table = open_table(source)
    table.require(*_CREDIT)
    isic_ids, found = gathered(table.narrow(_CREDIT))
    table.account(sum(one.count for one in found))
    if not isic_ids:
        raise UsageError(f"{source} has no images to cite")
    if limit is not None:
        _gate(table, limit)
    known = read_provenance(source, isic_ids)
    known = replace(
        known,
        archive=known.archive or archive,
        retrieved=retrieved or known.retrieved,
        sources=tuple(sources) or known.sources,
    )
    return composed(isic_ids, found, known, title=title), table


def gathered(rows: Iterable[Mapping[str, Any]]) -> tuple[IdSet, list[Credit]]:
    """Return the ids of rows and whom they credit; none of them is kept.

    Parameters
    ----------
    rows : iterable of Mapping
        With `isic_id`, `copyright_license` and `attribution`.
    """
    isic_ids = IdSet()

    def noted() -> Iterator[Mapping[str, Any]]:
        for row in rows:
            isic_ids.add(str(row["isic_id"]))
            yield row

    return isic_ids, credits_of(noted())


def composed(
    isic_ids: Collection[str], found: Sequence[Credit], known: Provenance, *, title: str = ""
) -> Reference:
    """Return the reference of exactly these images, whose credits are counted already.

    Parameters
    ----------
    isic_ids : collection of str
        Each once.
    found : sequence of Credit
        As `credits_of` returns them.
    known : Provenance
        Where the images came from.
    title : str
        `""` for one made of the number of images.
    """
    digest = digest_ids(isic_ids)
    plural = "" if len(isic_ids) == 1 else "s"
    told = [text for one in known.sources for text in (one.name, one.doi or "")]
    collections = [
        Reference(
            title=one.name,
            doi=one.doi,
            publisher=publisher_of_collection(one.doi, known.archive),
        )
        for one in known.sources
        if one.doi
    ]
    dois = {one.doi for one in known.sources}
    publisher = publisher_of(known.archive)
    papers = obliged([*told, *(one.attribution for one in found)], isic_ids)
    return Reference(
        title=title or f"{len(isic_ids):,} image{plural} {images_of(publisher)}",
        authors=tuple(one.attribution for one in found),
        publisher=publisher,
        year=known.retrieved.year,
        url=known.archive,
        retrieved=known.retrieved,
        digest=digest,
        note=_note(known, found, digest),
        credits=found,
        related=[*collections, *(paper for paper in papers if paper.doi not in dois)],
    )


def _note(known: Provenance, found: Sequence[Credit], digest: str) -> str:
    """Return what makes the set reproducible, in one sentence each."""
    parts = [f"Retrieved on {known.retrieved.isoformat()}."]
    if known.query:
        parts.append(f"Query: {known.query}.")
    parts += [
        f"Collection: {one.name}{f', doi:{one.doi}' if one.doi else ''}." for one in known.sources
    ]
    parts += [license_sentence(found), f"SHA-256 of the sorted ISIC ids: {digest}."]
    return " ".join(filter(None, parts))


def _gate(table: TableSource, limit: str) -> None:
    found = beyond(table.narrow(_CREDIT), limit)
    if not found:
        return
    first = found[:5]
    licenses = {
        row["isic_id"]: row.get("copyright_license")
        for row in table.narrow(_CREDIT)
        if row["isic_id"] in first
    }
    shown = ", ".join(f"{isic_id} ({licenses[isic_id] or 'none'})" for isic_id in first)
    more = f" and {len(found) - 5:,} more" if found[5:] else ""
    raise CheckError(
        f"{len(found):,} images are not under {limit.upper()} or freer: {shown}{more}",
        hint=f"Select with --license {limit.lower()} to leave them out.",
    )

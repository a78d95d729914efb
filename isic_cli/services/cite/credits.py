"""Whom to credit: the image's own attribution, which the archive tells apart from its records.

The image route answers with the attribution of the cohort. The table of a public collection, and
the one that goes into a ZIP download, have the image's own: the one that the archive writes into
its files. An own credit that a folder has is never given up for a default.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

from isic_cli.api.archive import ArchiveApi
from isic_cli.models.image import ImageRecord

#: Images that are asked for at once: few at first, so that the first of them come soon.
_FIRST, _MOST = 100, 1600


class Credits:
    """The attributions of images, and how often each source was used.

    Parameters
    ----------
    api : ArchiveApi
        Asked when `apply` needs it. An archive in a folder has the own credits in its records.
    collections : iterable of int
        Collections of the images: the archive has a table of each public one.
    kept : callable, optional
        Returns the attribution that a folder has for an ISIC id, or None.

    Attributes
    ----------
    own : int
        Images whose own attribution is known.
    default : int
        Images of which only the archive's default is known.
    """

    def __init__(
        self,
        api: ArchiveApi,
        collections: Iterable[int] = (),
        *,
        kept: Callable[[str], str | None] | None = None,
    ) -> None:
        self._api = api
        self._collections = sorted(collections)
        self._kept = kept
        self._is_answering = True
        self.own = 0
        self.default = 0

    def apply(self, records: Iterable[ImageRecord]) -> Iterator[ImageRecord]:
        """Yield the records, each with the best attribution that can be had."""
        if self._api.settings.archive.kind != "remote":
            yield from records
            return
        known: dict[str, str] = {}
        for number in self._collections:
            known.update(self._api.collection_credits(number) or {})
        rest, size = iter(records), _FIRST
        while group := list(islice(rest, size)):
            unknown = [record.isic_id for record in group if record.isic_id not in known]
            found = self._ask(unknown)
            for record in group:
                own = known.get(record.isic_id) or found.get(record.isic_id)
                yield self._credited(record, own)
            size = min(2 * size, _MOST)

    def _ask(self, isic_ids: list[str]) -> dict[str, str]:
        if not isic_ids or not self._is_answering:
            return {}
        found = self._api.image_credits(isic_ids)
        self._is_answering = found is not None
        return found or {}

    def _credited(self, record: ImageRecord, own: str | None) -> ImageRecord:
        if own is None and self._kept is not None:
            # What differs from the default that the archive sends can only be the image's own.
            kept = self._kept(record.isic_id)
            own = kept if kept and kept != record.attribution else None
        if own is None:
            self.default += 1
            return record
        self.own += 1
        if own == record.attribution:
            return record
        return replace(record, attribution=own)

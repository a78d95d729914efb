"""The door for Python: search the archive, iterate over images, fetch them.

>>> from isic_cli import Archive
>>> with Archive.open("demo") as archive:                       # doctest: +SKIP
...     for image in archive.search("diagnosis_1:Malignant", limit=3):
...         print(image.isic_id, image.field("age_approx"))
...         archive.fetch(image, "pictures")
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from isic_cli.api.archive import ArchiveApi
from isic_cli.api.search import ImageSearch
from isic_cli.errors import NotFoundError
from isic_cli.files.lock import folder_lock
from isic_cli.models.collection import Collection
from isic_cli.models.image import ImageRecord
from isic_cli.models.selection import IdList, Selection
from isic_cli.query import parse
from isic_cli.services.cite.credits import Credits
from isic_cli.services.dataset.lock import existing_lock, locked_attribution
from isic_cli.services.dataset.record import record_download
from isic_cli.services.download.cache import FileCache, picture_bytes
from isic_cli.services.download.engine import Downloader
from isic_cli.services.download.events import DownloadEvent, Failed, Finished, Skipped
from isic_cli.services.download.journal import DownloadJournal
from isic_cli.services.download.options import DownloadOptions, Variant
from isic_cli.services.opening import open_api
from isic_cli.services.select.live import resolve_collections
from isic_cli.settings import resolve


class Archive:
    """An ISIC Archive: the real one, a folder, or the demo. Open it with `Archive.open`.

    Parameters
    ----------
    api : ArchiveApi
        An open connection; closed with the archive.
    """

    def __init__(self, api: ArchiveApi) -> None:
        self._api = api
        #: Images that were fetched into a folder since its tables and lock were written.
        self._unrecorded: dict[tuple[Path, Variant], set[str]] = {}

    @classmethod
    def open(
        cls,
        archive: str | os.PathLike[str] = "prod",
        *,
        token: str | None = None,
        guest: bool = False,
        **options: Any,
    ) -> Self:
        """Open an archive.

        Parameters
        ----------
        archive : str or path
            `prod`, `sandbox`, `demo`, a URL, or a folder that `isic` downloaded.
        token : str, optional
            A bearer token; by default what the environment says (`ISIC_TOKEN`).
        guest : bool
            Ignore any login.
        **options
            `jobs`, `timeout` (seconds) and `retries`, as in a configuration file.

        Raises
        ------
        UsageError, LocalError
            For an unknown archive or a folder that is none.
        """
        from dataclasses import replace

        settings = resolve(archive=os.fspath(archive), guest=guest, **options)
        if token is not None:
            settings = replace(settings, token=token)
        return cls(open_api(settings))

    def __enter__(self) -> Self:
        """Return the archive."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Write what lies beside the pictures that were fetched, and close the connections."""
        try:
            for folder, variant in list(self._unrecorded):
                if folder.is_dir():
                    with folder_lock(folder):
                        self._record(folder, variant)
        finally:
            self._api.close()

    def search(
        self,
        query: str = "",
        *,
        collections: Iterable[int | str] = (),
        limit: int | None = None,
    ) -> ImageSearch:
        """Search for images; nothing is sent until the result is counted or iterated.

        Parameters
        ----------
        query : str
            In the archive's search language: `diagnosis_1:Malignant AND age_approx:[* TO 40]`.
        collections : iterable of int or str
            Ids, names or DOIs; an image in any of them counts.
        limit : int, optional
            The first so many.

        Raises
        ------
        QueryError
            At once, for a query that does not parse.
        """
        parse(query)
        found = resolve_collections(self._api, map(str, collections))
        return self._api.search(query, collections=[item.id for item in found], limit=limit)

    def image(self, isic_id: str) -> ImageRecord:
        """Return one image; raises `NotFoundError` when there is none."""
        return self._api.image(isic_id)

    def images(self, isic_ids: Sequence[str]) -> list[ImageRecord]:
        """Return several images in the order of their ids.

        Raises
        ------
        NotFoundError
            Naming the first id that the archive does not have.
        """
        found = self._api.images_by_id(isic_ids)
        for isic_id in isic_ids:
            if isic_id not in found:
                raise NotFoundError(f"no image {isic_id}")
        return list(found.values())

    def collections(self) -> Iterator[Collection]:
        """Yield the collections, the newest first."""
        return self._api.collections()

    def collection(self, name: int | str) -> Collection:
        """Return one collection by id, name or DOI."""
        return resolve_collections(self._api, [str(name)])[0]

    def read(self, image: ImageRecord, *, variant: Variant = "full") -> bytes:
        """Return the bytes of a picture, for Pillow or any decoder."""
        return picture_bytes(self._api, image, variant)

    def fetch(
        self, image: ImageRecord, folder: str | os.PathLike[str], *, variant: Variant = "full"
    ) -> Path:
        """Download one picture into a folder, checked, and return its path.

        A picture that is there and good is not fetched again. The credits beside the pictures
        (see `download`) are written after each in a small folder, in a large one after every
        tenth part of it, and when the archive is closed.

        Raises
        ------
        IsicError
            What made it fail.
        """
        *_, last = self._events([image], folder, variant, 1, is_single=True)
        if isinstance(last, (Finished, Skipped)):
            return Path(folder) / last.path
        assert isinstance(last, Failed)  # noqa: S101 - the engine ends a file in one of three ways
        raise last.error

    def download(
        self,
        images: Iterable[ImageRecord],
        folder: str | os.PathLike[str],
        *,
        variant: Variant = "full",
        jobs: int | None = None,
    ) -> Iterator[DownloadEvent]:
        """Download pictures side by side; yield what becomes of each.

        At its end, however it ends, `metadata.csv`, `attribution.txt`, `licenses/` and
        `isic.lock` are in the folder as `isic image download` leaves them.

        Parameters
        ----------
        images : iterable of ImageRecord
            Read lazily: a search can be handed in as it is, and `isic dataset sync` then
            repeats it; of anything else the ids.
        folder : path
            Made when it is not there.
        variant : {"full", "thumbnail"}
            Which of the two files.
        jobs : int, optional
            Transfers side by side.
        """
        return self._events(images, folder, variant, jobs)

    def _events(
        self,
        images: Iterable[ImageRecord],
        folder: str | os.PathLike[str],
        variant: Variant,
        jobs: int | None,
        *,
        is_single: bool = False,
    ) -> Iterator[DownloadEvent]:
        settings = self._api.settings
        place = Path(folder)
        options = DownloadOptions(
            folder=place, variant=variant, jobs=jobs or settings.jobs, retries=settings.retries
        )
        collections = images.collections if isinstance(images, ImageSearch) else ()
        fetched = self._unrecorded.setdefault((place, variant), set())

        def noted() -> Iterator[ImageRecord]:
            for image in images:
                fetched.add(image.isic_id)
                yield image

        with folder_lock(place), existing_lock(place) as lock:
            credit = Credits(self._api, collections, kept=locked_attribution(lock))
            cache = FileCache.open(settings, variant)
            downloader = Downloader(self._api, options, cache=cache)
            try:
                with closing(downloader.run(credit.apply(noted()))) as events:
                    yield from events
            finally:
                # Leaving the loop early cuts the transfers; the next one needs a new start.
                self._api.reopen_files()
                if not is_single or 10 * len(fetched) >= _known(place):
                    search = images if isinstance(images, ImageSearch) else None
                    self._record(place, variant, search)

    def _record(self, folder: Path, variant: Variant, search: ImageSearch | None = None) -> None:
        """Write the tables and the lock of a folder; the caller holds it."""
        isic_ids = self._unrecorded.pop((folder, variant))
        selection = Selection(ids=IdList("isic.lock", tuple(sorted(isic_ids))))
        collections: tuple[Collection, ...] = ()
        if search is not None:
            numbers = tuple(map(str, search.collections))
            selection = Selection(search.query, numbers, limit=search.limit or 0)
            collections = resolve_collections(self._api, numbers)
        record_download(
            self._api, folder, selections=[selection], collections=collections, variant=variant
        )


def _known(folder: Path) -> int:
    with DownloadJournal(folder, writable=False) as journal:
        return len(journal)

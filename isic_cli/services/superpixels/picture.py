"""A photograph of the archive, fetched through the cache of files."""

from dataclasses import replace
from pathlib import Path

from isic_cli.api.archive import ArchiveApi
from isic_cli.errors import NotFoundError
from isic_cli.services.download.cache import FileCache
from isic_cli.services.download.engine import Downloader
from isic_cli.services.download.events import Failed, Finished, Skipped
from isic_cli.services.download.options import DownloadOptions


def fetch_picture(api: ArchiveApi, isic_id: str, folder: Path) -> Path:
    """Fetch the picture of an image into a folder and return its path.

    Raises
    ------
    IsicError
        It cannot be had.
    """
    settings = api.settings
    options = DownloadOptions(folder=folder, jobs=1, retries=settings.retries)
    # A photograph is wanted again when an option changes; one on this machine is near anyway.
    settings = replace(settings, cache=settings.cache or settings.archive.kind == "remote")
    downloader = Downloader(api, options, cache=FileCache.open(settings, options.variant))
    # To the end of the events: a run that is left early stops the file host.
    events = list(downloader.run([api.image(isic_id)]))
    for event in events[-1:]:
        if isinstance(event, Failed):
            raise event.error
        if isinstance(event, (Finished, Skipped)):
            return options.folder / event.path
    raise NotFoundError(f"{isic_id} has no picture")

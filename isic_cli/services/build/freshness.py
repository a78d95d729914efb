"""Whether an archive is still as it was: at most two requests for a source."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from isic_cli.errors import NotFoundError, RefusedError, ResponseError, ServerError
from isic_cli.files.digest import mark_of
from isic_cli.folder.freshness import SOURCES, stamp_of
from isic_cli.services.build.listing import SettingsOf, archive_for, selection_of
from isic_cli.services.build.model import SourceTable
from isic_cli.services.build.recipe import RecipeFile
from isic_cli.services.build.state import digest_of

if TYPE_CHECKING:
    from isic_cli.services.select.live import SelectedImages


def archive_marks(
    file: RecipeFile, sources: Mapping[str, SourceTable], settings_of: SettingsOf
) -> dict[str, str]:
    """Return what tells each source's archive from what it is after most changes.

    Of an archive over the network it is the number of images that the search finds and how often
    each value of each field occurs among them; a change that leaves all of these as they are is
    seen by a listing only. Of a folder it is the times of its tables, and every file's name, size
    and time. A list of ids, and a selection of the index, has no mark.

    Raises
    ------
    NetworkError, AuthError
        The archive does not answer.
    """
    marks: dict[str, str] = {}
    for name, source in sources.items():
        settings = settings_of(archive_for(file, source))
        spec = settings.archive
        if spec.kind == "folder" and spec.folder is not None:
            stamps = [stamp_of(spec.folder / one) for one in SOURCES]
            marks[name] = digest_of([stamps, mark_of(spec.folder)])
        elif spec.kind == "demo" or source.where or source.ids or source.challenge:
            marks[name] = ""
        else:
            from isic_cli.services.opening import open_api
            from isic_cli.services.select.live import SelectedImages

            with open_api(settings) as api:
                images = SelectedImages(api, selection_of(file, source))
                marks[name] = digest_of([images.count(), _facets(images)])
    return marks


def _facets(images: "SelectedImages") -> object:
    """Return how often each value occurs; None where the archive does not say."""
    try:
        return images.facets()
    except (NotFoundError, ServerError, ResponseError, RefusedError):
        return None

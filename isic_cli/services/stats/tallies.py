"""Fill a tally from wherever the images of a selection are known best."""

from collections import Counter

from isic_cli.index.columns import METADATA, decimal_text
from isic_cli.models.selection import Selection
from isic_cli.services.select.images import Images
from isic_cli.services.select.live import SelectedImages
from isic_cli.services.select.offline import OfflineImages
from isic_cli.services.stats.archive import Counts, Tally, Wanted, from_facets, in_facets
from isic_cli.tables.numbers import finite


def tally_of(images: Images, selection: Selection, wanted: Wanted) -> tuple[Tally, str]:
    """Count the images of a selection.

    Parameters
    ----------
    images : Images
        The images, from whatever answers the selection.
    selection : Selection
        How they were selected.
    wanted : Wanted
        Which tables.

    Returns
    -------
    tuple of (Tally, str)
        The counts, and where they come from: `index`, `facets` or `listing`.
    """
    tally = Tally(wanted)
    if isinstance(images, OfflineImages):
        if images.is_one_condition and not selection.limit:
            _count_in_index(tally, images)
        else:
            tally.add_records(images.records("archive"))
        return tally, "index"
    if (
        isinstance(images, SelectedImages)
        and images.is_server_side
        and not selection.limit
        and _from_facets(images, tally)
    ):
        return tally, "facets"
    # The first so many are those of the archive's order; all of them may come in any.
    tally.add_records(images.records("archive" if selection.limit else "unordered"))
    return tally, "listing"


def _from_facets(images: SelectedImages, tally: Tally) -> bool:
    if not in_facets(tally.wanted):
        return False  # before two requests whose answers would be of no use
    total = images.count()
    return total is not None and from_facets(tally, images.facets(), total)


def _count_in_index(tally: Tally, images: OfflineImages) -> None:
    wanted, index, condition = tally.wanted, images.index, images.condition
    tally.total = index.count(condition)
    if wanted.by:
        tally.by = _grouped(images, wanted.by)
    if wanted.hist:
        counts: Counts = Counter()
        for (value,), count in _grouped(images, (wanted.hist,)).items():
            counts[(finite(value),)] += count
        tally.hist = counts
    if wanted.missing:
        tally.present = Counter(index.present(condition))


def _grouped(images: OfflineImages, names: tuple[str, ...]) -> Counts:
    counts: Counts = Counter()
    for *values, count in images.index.grouped(names, images.condition):
        shown = (
            decimal_text(value) if value is not None and _is_decimal(name) else value
            for name, value in zip(names, values, strict=True)
        )
        counts[tuple(shown)] += count
    return counts


def _is_decimal(name: str) -> bool:
    return name in METADATA and METADATA[name].type == "DOUBLE"

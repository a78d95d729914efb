"""Sort any number of records by ISIC id in little memory: many of them wait in a file."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from operator import attrgetter

from isic_cli.files.spool import Spool
from isic_cli.models.image import ImageRecord

#: Records that are sorted in memory, of 4.6 KB each.
_MOST_HELD = 2000


def sorted_by_id(
    records: Iterable[ImageRecord], *, most_held: int = _MOST_HELD
) -> Iterator[ImageRecord]:
    """Yield records sorted by ISIC id, once the last one is in.

    Parameters
    ----------
    most_held : int
        Of more records memory holds the id and the place of each only.

    Raises
    ------
    LocalError
        When the temporary file cannot be written.
    """
    rest = iter(records)
    held = list(islice(rest, most_held + 1))
    if len(held) <= most_held:
        yield from sorted(held, key=attrgetter("isic_id"))
        return
    spool = Spool()
    ids: list[str] = []
    for record in chain(held, rest):
        ids.append(record.isic_id)
        spool.add(json.dumps(record.to_json()).encode())
    del held
    for place in sorted(range(len(ids)), key=ids.__getitem__):
        yield ImageRecord.of(json.loads(spool.piece(place)))

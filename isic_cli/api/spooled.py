"""Sort any number of records by ISIC id in little memory: the records wait in a file."""

import json
from collections.abc import Iterable, Iterator

from isic_cli.files.spool import Spool
from isic_cli.models.image import ImageRecord


def sorted_by_id(records: Iterable[ImageRecord]) -> Iterator[ImageRecord]:
    """Yield records sorted by ISIC id, once the last one is in.

    Memory grows by the id and the place of each record only.

    Raises
    ------
    LocalError
        When the temporary file cannot be written.
    """
    spool = Spool()
    ids: list[str] = []
    for record in records:
        ids.append(record.isic_id)
        spool.add(json.dumps(record.to_json()).encode())
    for place in sorted(range(len(ids)), key=ids.__getitem__):
        yield ImageRecord.of(json.loads(spool.piece(place)))

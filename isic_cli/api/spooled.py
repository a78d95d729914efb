"""Sort any number of records by ISIC id in little memory: the records wait in a file."""

import json
import tempfile
from collections.abc import Iterable, Iterator

from isic_cli.errors import LocalError
from isic_cli.models.image import ImageRecord

#: Bytes that stay in memory before a file is made.
IN_MEMORY = 16 * 2**20


def sorted_by_id(records: Iterable[ImageRecord]) -> Iterator[ImageRecord]:
    """Yield records sorted by ISIC id, once the last one is in.

    Up to 16 MiB of JSON are held in memory; beyond that they are in an unnamed temporary file,
    and memory grows by the id and the place of each record only.

    Raises
    ------
    LocalError
        When the temporary file cannot be written.
    """
    places: list[tuple[str, int, int]] = []
    try:
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
            for record in records:
                line = json.dumps(record.to_json()).encode()
                places.append((record.isic_id, file.tell(), len(line)))
                file.write(line)
            for _, offset, length in sorted(places):
                file.seek(offset)
                yield ImageRecord.of(json.loads(file.read(length)))
    except OSError as error:
        raise LocalError(
            f"cannot write a temporary file: {error.strerror or error}",
            hint="Set TMPDIR to a folder with room.",
        ) from error

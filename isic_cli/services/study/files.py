"""Write the files of a study: names that stay in their folder, whole or not at all."""

import re
from contextlib import suppress
from pathlib import Path

from isic_cli.services.download.disk import local_error


def plain(name: str) -> str:
    """Return a name that can be part of a file's: images and features come from other people.

    >>> plain("../Network : Typical")
    'Network_Typical'
    """
    return re.sub(r"\W+", "_", name).strip("_") or "unnamed"


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file beside its place and rename it; its folder is made if need be.

    Raises
    ------
    LocalError
        It cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise local_error(error, path) from error

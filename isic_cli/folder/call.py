"""One request, as a route sees it."""

from dataclasses import dataclass

import httpx

from isic_cli.folder.params import integer
from isic_cli.folder.store import FolderStore


@dataclass(frozen=True, slots=True)
class Call:
    """A request to the archive of a folder.

    Attributes
    ----------
    origin : str
        Scheme and host for links, without a trailing slash.
    path : str
        Decoded, with its leading slash.
    parts : dict of str to str
        What the variable pieces of the route's path stand for.
    body : bytes
        What a write sends.
    """

    store: FolderStore
    origin: str
    method: str
    path: str
    query: httpx.QueryParams
    headers: httpx.Headers
    parts: dict[str, str]
    body: bytes = b""

    def number(self, name: str = "id") -> int:
        """Return a piece of the path that must be a whole number.

        Raises
        ------
        ParameterError
            For any other piece.
        """
        return integer(self.parts[name], "path", name)

"""A folder, or the demo, as an archive for others on loopback or a LAN, with a gallery."""

from collections.abc import Callable
from html import escape
from types import ModuleType

from isic_cli.distribution import install_extra
from isic_cli.errors import UsageError
from isic_cli.files.closing import Closing


def server_module() -> ModuleType:
    """Return `serve.server`; raises `UsageError` where its extra is not installed."""
    try:
        from isic_cli.serve import server
    except ModuleNotFoundError as error:
        raise UsageError(
            f"isic serve needs {error.name}, which is not installed", hint=install_extra("serve")
        ) from error
    return server


class ServedArchive(Closing):
    """An archive that is served from a thread of this process until it is closed.

    Attributes
    ----------
    url : str
        Where a browser and other programs find it.
    """

    def __init__(self, url: str, stop: Callable[[], None]) -> None:
        self.url = url
        self._stop: Callable[[], None] | None = stop

    def close(self) -> None:
        """End it: what is under way may go on for a second."""
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()

    def __repr__(self) -> str:
        """Return one line."""
        return f"<ServedArchive {self.url}{'' if self._stop else ' (closed)'}>"

    def _repr_html_(self) -> str:
        url = escape(self.url)
        return f'<p><a href="{url}/">{url}</a></p>' if self._stop else f"<p>{url} (closed)</p>"

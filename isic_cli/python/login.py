"""Log in from Python, without a prompt: an address to open, and the code that it shows."""

from typing import TYPE_CHECKING

from isic_cli.errors import UsageError
from isic_cli.python import html

if TYPE_CHECKING:
    from isic_cli.config import Settings
    from isic_cli.models.user import User
    from isic_cli.python.connection import ArchiveConnection
    from isic_cli.services.login import Logins


class PendingLogin:
    """A login that waits for the code.

    Attributes
    ----------
    url : str
        Where to sign in; the page then shows a code.
    """

    def __init__(self, archive: "ArchiveConnection") -> None:
        self._archive = archive
        self._logins = logins_of(archive.api.settings)
        self._oauth = self._logins.oauth()
        self._begun = self._oauth.begin()
        self.url = self._begun.url

    def finish(self, code: str) -> "User":
        """Finish with the code: the login is kept for the shell too; return who one is.

        Raises
        ------
        AuthError
            The archive does not accept the code; begin anew.
        """
        with self._oauth:
            self._logins.finish(self._oauth, self._begun, code.strip())
        self._archive.use_login(is_used=True)
        return self._archive.api.me()

    def __repr__(self) -> str:
        """Return one line."""
        return f"<PendingLogin open {self.url} and call finish(code)>"

    def _repr_html_(self) -> str:
        url = html.text(self.url)
        return f'<p><a href="{url}">{url}</a>: sign in, then call finish(code).</p>'


def logins_of(settings: "Settings") -> "Logins":
    """Return the logins to a remote archive; raises `UsageError` for one on this machine."""
    from isic_cli.services.login import Logins
    from isic_cli.settings import NO_LOGIN, user_login_dir

    if settings.archive.kind != "remote":
        raise UsageError(NO_LOGIN.format(settings.archive.name))
    return Logins.open(settings, user_login_dir())

"""Who one is to an archive, from Python, and what only a login may do."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.errors import UsageError
from isic_cli.python import html
from isic_cli.python.connection import ArchiveConnection

if TYPE_CHECKING:
    from isic_cli.config import Settings
    from isic_cli.models.contribution import Cohort, Contributor
    from isic_cli.models.user import User
    from isic_cli.python.table import ResultTable
    from isic_cli.services.login import Logins


class ArchiveAccount(ArchiveConnection):
    """What `Archive` has for its users: logins, uploads, and requests of their own."""

    def login(self) -> "PendingLogin":
        """Begin a login: open its `url`, sign in, and hand the code to `finish`.

        The login is kept as that of the shell is, and used from then on.

        Raises
        ------
        UsageError
            For an archive on this machine.
        """
        return PendingLogin(self)

    def logout(self) -> None:
        """End the login at the archive and forget it here; the archive is asked as a guest."""
        logins_of(self.api.settings).forget()
        self.use_login(is_used=False)

    def me(self) -> "User":
        """Return the user that is logged in; raises `AuthError` for a guest."""
        return self.api.me()

    def token(self) -> str:
        """Return the token of the login, renewed if need be: it is worth a password.

        Raises
        ------
        AuthError
            Nobody is logged in.
        UsageError
            For a folder, which has no users.
        """
        from isic_cli.services.login import current_login

        _ = self.api
        return current_login(self._settings).token

    def cohorts(self) -> "Iterator[Cohort]":
        """Yield the cohorts that this user may upload to, the newest first; needs a login."""
        return self.api.cohorts()

    def cohort(self, name: int | str) -> "Cohort":
        """Return one cohort by its id or name; raises `NotFoundError` for none of one's own."""
        from isic_cli.services.upload.send import find_cohort

        return find_cohort(self.api, str(name))

    def contributors(self) -> "Iterator[Contributor]":
        """Yield the institutions that this user may contribute for, the newest first."""
        return self.api.contributors()

    def contributor(self, number: int) -> "Contributor":
        """Return one contributor, with its cohorts; raises `NotFoundError` for none."""
        return self.api.contributor(number)

    def request(
        self,
        path: str,
        *,
        method: str = "GET",
        params: "Mapping[str, str | int] | None" = None,
        json: Any = None,
    ) -> Any:
        """Send any request to the archive, for what has no method here.

        Parameters
        ----------
        path : str
            Below `/api/v2/`, such as `images/`, or from the root with a leading slash.
        method : str
            `GET`, `POST` and so on.
        params : mapping, optional
            The query string.
        json : optional
            The body.

        Returns
        -------
        answer
            What its JSON says; text where it is none, None where it is empty.

        Raises
        ------
        IsicError
            What the archive refused; `NotFoundError` for a path that is not there.
        UsageError
            The path is of another origin.
        """
        answer = self.api.raw(method, path, params=params, json=json)
        if answer.error is not None:
            raise answer.error
        return answer.value()

    def request_rows(
        self, path: str, *, params: "Mapping[str, str | int] | None" = None
    ) -> "Iterator[Any]":
        """Yield the rows of a listing, of every page that its `next` leads to."""
        for answer in self.api.raw_pages(path, params=params):
            if answer.error is not None:
                raise answer.error
            yield from answer.rows()

    def upload(
        self,
        cohort: int | str,
        files: "str | os.PathLike[str] | Sequence[str | os.PathLike[str]]",
        *,
        metadata: "str | os.PathLike[str] | None" = None,
        dry_run: bool = False,
    ) -> "ResultTable":
        """Upload pictures to a cohort; return what became of each file.

        A file that the cohort has is `present`, so that the same call can be made again after a
        failure. What failed is warned of, and is in the table with its reason.

        Parameters
        ----------
        cohort : int or str
            Its id or name.
        files : path or sequence of paths
            Pictures, and folders of them.
        metadata : path, optional
            A CSV with a column `filename`; it is checked before a byte is sent.
        dry_run : bool
            Check everything and send nothing: the status of each file is `ready`.

        Raises
        ------
        NotFoundError, LocalError, UsageError
            A file is absent or not a picture, or the cohort is none of one's own.
        CheckError
            The archive would refuse the metadata.
        AuthError
            Nobody is logged in.
        """
        from isic_cli.python.table import ResultTable
        from isic_cli.python.warned import warn_of
        from isic_cli.services.upload.plan import plan_upload
        from isic_cli.services.upload.send import UPLOAD_COLUMNS, Uploader, find_cohort, upload_row

        given = [files] if isinstance(files, str | os.PathLike) else files
        plan = plan_upload(list(map(Path, given)), None if metadata is None else Path(metadata))
        chosen = find_cohort(self.api, str(cohort))
        title = f"uploads to {chosen.name}"
        if dry_run:
            ready = ({"file": str(one), "status": "ready"} for one in plan.files)
            return ResultTable.of(title, ready, UPLOAD_COLUMNS)
        outcomes = list(Uploader.open(self.api, chosen).run(plan))
        warn_of(one for one in outcomes if one.is_bad)
        return ResultTable.of(title, map(upload_row, outcomes), UPLOAD_COLUMNS)


class PendingLogin:
    """A login that waits for the code.

    Attributes
    ----------
    url : str
        Where to sign in; the page then shows a code.
    """

    def __init__(self, archive: ArchiveAccount) -> None:
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
        return self._archive.me()

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

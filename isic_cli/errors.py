"""Every error that `isic` reports, and the exit code of each.

The tree, with the exit code of each branch::

    IsicError                     1 ERROR
    ├── UsageError                2 USAGE      an option, a file or a configuration is wrong
    │   ├── QueryError                         a search query that does not parse
    │   ├── ConfigError                        isic.toml or an environment variable
    │   ├── EmptyTableError                    a table without a line that holds anything
    │   └── RefusedError                       the archive refuses what was asked (400, 405, 422)
    │       └── StateError 3 PARTIAL           what is so now forbids it: locked, published (409)
    ├── PartialError              3 PARTIAL    some items failed, the rest is good
    ├── AuthError                 4 AUTH       login needed, expired or refused
    ├── NetworkError              5 NETWORK    no answer after all retries
    │   ├── ServerError                        an answer that says the server failed (5xx, 429)
    │   ├── ConnectionSetupError 2 USAGE       a certificate that is not trusted, a wrong proxy
    │   ├── ResponseError       2 USAGE        an answer that is not what the API promises
    │   └── TransferError                      a file body that is cut or stalled
    │       ├── DamagedError                   a body that is not a whole picture
    │       │   └── NotAPictureError           a body that is something else, or nothing
    │       ├── ChangedError    7 CHECK        a whole picture that is not the one in the lock
    │       ├── ExpiredLinkError               a link that the file host no longer honours
    │       └── UnsafeError     2 USAGE        an id, an address or a size we refuse
    ├── NotFoundError             6 NOT_FOUND  no such collection, image, study, lesion or file
    │   └── NotOfferedError                    a kind of thing that a folder does not have
    ├── CheckError                7 CHECK      a check found a difference
    ├── LocalError                8 LOCAL      disk full, permission, not a folder
    ├── EmptyError                9 EMPTY      nothing selected, with --fail-empty
    └── LockedError              10 LOCKED     another run holds the folder

Foreign exceptions are translated where they arise (httpx in `api/`, `OSError` in the file
services, Pillow in the picture codecs) and rendered once, at the edge of the command line.

5 NETWORK asks a job to run again later. What comes over the network and will be the same later
has another code, which asks a person to look: at the address, the certificates, the lock.
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the shell sees. The README tabulates these, and a test keeps it so."""

    OK = 0
    ERROR = 1
    USAGE = 2
    PARTIAL = 3
    AUTH = 4
    NETWORK = 5
    NOT_FOUND = 6
    CHECK = 7
    LOCAL = 8
    EMPTY = 9
    LOCKED = 10
    INTERRUPTED = 130
    TERMINATED = 143


class IsicError(Exception):
    """The root of the tree.

    Parameters
    ----------
    message : str
        One line that names the thing that is wrong.
    hint : str, optional
        What the reader can do about it.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.ERROR

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(IsicError):
    """An option, an argument or a file that was handed in is wrong."""

    exit_code = ExitCode.USAGE


class QueryError(UsageError):
    """A search query that does not parse.

    Parameters
    ----------
    message : str
        What is wrong.
    query : str
        The whole query.
    column : int
        Offset of the first wrong character, from 0; `len(query)` means "at the end".
    hint : str, optional
        A suggestion, such as "did you mean diagnosis_3?".
    """

    def __init__(self, message: str, *, query: str, column: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.query = query
        self.column = column

    def marked(self) -> str:
        """Return the query with a caret below the wrong column, two lines.

        A query of several lines is shown on one; a long one is cut to the part around the caret.
        """
        line = "".join(" " if character.isspace() else character for character in self.query)
        start = max(0, self.column - 60)
        return f"{line[start : start + 78]}\n{' ' * (self.column - start)}^"


class ConfigError(UsageError):
    """A configuration file or an environment variable is wrong."""


class RefusedError(UsageError):
    """The archive refuses what was asked: 400, 405, 409 or 422.

    Parameters
    ----------
    message : str
        The archive's own words where it gave some.
    status : int
        The HTTP status.
    hint : str, optional
        What the reader can do about it.
    """

    def __init__(self, message: str, *, status: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class EmptyTableError(UsageError):
    """A table without a line that holds anything."""


class StateError(RefusedError):
    """The archive refuses it for what the thing is now: locked, published, in use (409).

    The command is right, so that it is not a usage error: nothing of it was done.
    """

    exit_code = ExitCode.PARTIAL


class PartialError(IsicError):
    """Some items failed; the rest is good and kept."""

    exit_code = ExitCode.PARTIAL


class AuthError(IsicError):
    """A login is needed, has expired or was refused."""

    exit_code = ExitCode.AUTH


class NetworkError(IsicError):
    """The archive did not answer after all retries."""

    exit_code = ExitCode.NETWORK


class ServerError(NetworkError):
    """The archive answered that it failed: 5xx or 429.

    Parameters
    ----------
    message : str
        What was asked and what came back.
    status : int
        The HTTP status.
    retry_after : float, optional
        Seconds the server asked us to wait.
    hint : str, optional
        What the reader can do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        retry_after: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.retry_after = retry_after


class ConnectionSetupError(NetworkError):
    """The way to the archive is set up wrong: an untrusted certificate, a proxy of no use."""

    exit_code = ExitCode.USAGE


class ResponseError(NetworkError):
    """An answer that is not what the API promises: HTML, other JSON, a page cycle."""

    exit_code = ExitCode.USAGE


class TransferError(NetworkError):
    """A file body that is cut or stalled, or a connection to the file host that broke."""


class DamagedError(TransferError):
    """A body, or a file on disk, that is not a whole picture."""


class NotAPictureError(DamagedError):
    """A body, or a file on disk, that is not a picture at all."""


class ChangedError(TransferError):
    """A body that is a whole picture, but not the one that the lock names."""

    exit_code = ExitCode.CHECK


class ExpiredLinkError(TransferError):
    """The file host refuses a link (401, 403): the record has to be asked for again."""


class UnsafeError(TransferError):
    """Something the archive sent is refused: an id, an address, a size; no retry helps."""

    exit_code = ExitCode.USAGE


class NotFoundError(IsicError):
    """No such collection, image, study, lesion or file."""

    exit_code = ExitCode.NOT_FOUND


class NotOfferedError(NotFoundError):
    """An archive on this machine does not have things of this kind."""


class CheckError(IsicError):
    """A check found a difference."""

    exit_code = ExitCode.CHECK


class LocalError(IsicError):
    """The local disk: full, read-only, no permission, not a folder."""

    exit_code = ExitCode.LOCAL


class EmptyError(IsicError):
    """Nothing was selected, and `--fail-empty` asks that this be a failure."""

    exit_code = ExitCode.EMPTY


class TerminatedError(BaseException):
    """SIGTERM arrived: unwinds like Ctrl-C, and is as little an error of ours."""


class LockedError(IsicError):
    """Another run holds the folder."""

    exit_code = ExitCode.LOCKED

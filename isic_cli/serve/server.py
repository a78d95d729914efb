"""Run the application behind uvicorn: the socket first, so that a port in use is one line."""

import asyncio
import errno
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from isic_cli.config import ArchiveSpec, Settings, is_loopback
from isic_cli.errors import LocalError, UsageError
from isic_cli.serve import own_credits
from isic_cli.serve.app import make_app
from isic_cli.serve.connection import TimedConnection
from isic_cli.serve.gallery import GalleryRoutes
from isic_cli.serve.guard import HEADERS, Rules
from isic_cli.serve.live import LiveTransport
from isic_cli.serve.marks import Writing
from isic_cli.serve.overlays import labels, overlay, preview

#: Connections at once; the next ones are answered 503.
_MOST_CONNECTIONS = 1000
#: Seconds for which answers may go on after a signal: a run is over two seconds after it.
_GRACE = 1
_BACKLOG = 2048


@dataclass(frozen=True)
class ServeOptions:
    """How a folder is served.

    Attributes
    ----------
    host : str
        The address, or a name of it, that is listened at.
    port : int
        0 for any that is free.
    read_only : bool
        Write nothing into the folder.
    token : str or None
        What every request must carry.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    read_only: bool = False
    token: str | None = None


def build_app(spec: ArchiveSpec, cache_dir: Path, options: ServeOptions) -> ASGIApp:
    """Return the application that serves an archive inside the process.

    Raises
    ------
    LocalError
        For a folder that is not an archive.
    """
    gallery = GalleryRoutes(spec)
    drawn = {
        "/gallery/overlay/{isic_id}": {"GET": overlay},
        "/gallery/superpixels/{isic_id}": {"GET": labels},
        "/gallery/preview/{isic_id}": {"GET": preview},
    }
    routes = {**gallery.routes, **Writing(gallery).routes, **drawn, **own_credits.ROUTES}
    gallery.transport = LiveTransport(
        spec, cache_dir, read_only=options.read_only, routes=routes, token=options.token
    )
    names = {options.host.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}
    return make_app(gallery.transport, Rules(names if options.token else (), options.token))


def listen(options: ServeOptions) -> socket.socket:
    """Return a socket that listens.

    Raises
    ------
    UsageError
        For another host than this machine's own without a token, and for one that is not ours.
    LocalError
        For a port that is in use, or that only an administrator may take.
    """
    host, port = options.host, options.port
    if not 0 <= port < 1 << 16:
        raise UsageError(f"port {port} is not from 0 to 65535")
    if not is_loopback(host) and options.token is None:
        raise UsageError(
            f"host {host}: others could read the folder",
            hint="Give a secret word that clients send as their token: --token-file, or token=…",
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise UsageError(f"host {host}: there is no such host") from error
    # With its protocol named, asyncio sends small pieces at once (TCP_NODELAY).
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise LocalError(
                f"port {port} of {host} is in use", hint="Choose another with --port."
            ) from error
        if error.errno == errno.EADDRNOTAVAIL:
            raise UsageError(f"host {host} is not an address of this machine") from error
        raise LocalError(f"cannot listen at {host}:{port}: {error.strerror}") from error
    return listening


def address_of(listening: socket.socket, options: ServeOptions) -> str:
    """Return the URL at which a browser finds the server."""
    host = f"[{options.host}]" if ":" in options.host else options.host
    if host in {"0.0.0.0", "[::]"}:  # noqa: S104 - what it was told, and no host to go to
        host = socket.gethostname()
    return f"http://{host}:{listening.getsockname()[1]}"


def run(
    app: ASGIApp,
    listening: socket.socket,
    *,
    ready: Callable[[], None],
    seconds: float | None = None,
) -> None:
    """Serve until a signal comes, which is raised again once open answers were sent.

    Parameters
    ----------
    ready : callable
        Called when requests are answered.
    seconds : float, optional
        End by itself after so long.
    """
    _Server(configured(app), ready, seconds).run(sockets=[listening])


def configured(app: ASGIApp) -> uvicorn.Config:
    """Return how uvicorn runs the application."""
    return uvicorn.Config(
        app,
        http=TimedConnection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        headers=[*HEADERS.items()],
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=_GRACE,
    )


class _Server(uvicorn.Server):
    """Tells when it answers, and ends in time."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], seconds: float | None
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._seconds = seconds

    def _end(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell."""
        await super().startup(sockets)
        if self._seconds is not None:
            asyncio.get_running_loop().call_later(self._seconds, self._end)
        self._ready()


def start(settings: Settings, options: ServeOptions) -> tuple[str, Callable[[], None]]:
    """Serve an archive from a thread of this process.

    Returns
    -------
    url : str
        Where it answers, from now on.
    stop : callable
        Ends it, and returns when nothing is under way.

    Raises
    ------
    UsageError, LocalError
        As `listen` and `build_app`; `UsageError` also for an archive over the network.
    """
    spec = served(settings).archive
    listening = listen(options)
    try:
        app = build_app(spec, settings.cache_dir, options)
    except BaseException:
        listening.close()
        raise
    return address_of(listening, options), started(app, listening)


def started(app: ASGIApp, listening: socket.socket) -> Callable[[], None]:
    """Serve an application from a thread once it answers; return what ends it.

    Raises
    ------
    LocalError
        It could not begin; the socket is closed then.
    """
    ready = threading.Event()
    failed: list[OSError] = []
    server = _Server(configured(app), ready.set, None)

    def run() -> None:
        try:
            server.run(sockets=[listening])
        except OSError as error:
            failed.append(error)
        finally:
            ready.set()  # whoever waits would wait for ever

    thread = threading.Thread(target=run, name="isic-serve", daemon=True)
    thread.start()
    ready.wait()
    if not server.started:
        thread.join()
        listening.close()
        raise LocalError("cannot serve") from (failed[0] if failed else None)

    def stop() -> None:
        server.should_exit = True
        thread.join()
        listening.close()

    return stop


def served(settings: Settings) -> Settings:
    """Return the settings of an archive that can be served; refuse one that is served already."""
    if settings.archive.kind == "remote":
        raise UsageError(
            f"{settings.archive.name} is an archive over the network, and served already",
            hint="Download a folder of it, and serve that.",
        )
    return settings

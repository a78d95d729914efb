"""What is brought up to date whatever ends a run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def sidecars_written(write: Callable[..., object]) -> Iterator[None]:
    """Bring tables and lock up to date whatever ends the block; in a hurry when it is cut short."""
    try:
        yield
    except Exception:
        write(hurried=False)
        raise
    except BaseException:
        write(hurried=True)
        raise
    write(hurried=False)

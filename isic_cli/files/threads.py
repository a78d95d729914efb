"""A pool of threads, with one ending: what has not begun when it is left is dropped."""

from concurrent.futures import ThreadPoolExecutor


class Threads(ThreadPoolExecutor):
    """Threads that end with a block, whatever ends it.

    Parameters
    ----------
    count : int
        Calls at once.
    name : str
        The threads' names begin so.
    waits : bool
        Whether the end waits for calls under way: not for a request, which may hang until its
        time-out and whose answer nobody reads.
    """

    def __init__(self, count: int, name: str, *, waits: bool = True) -> None:
        super().__init__(count, thread_name_prefix=name)
        self._waits = waits

    def close(self) -> None:
        """Drop what has not begun."""
        self.shutdown(wait=self._waits, cancel_futures=True)

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

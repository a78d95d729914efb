"""What is closed at the end of a `with` block."""

from abc import ABC, abstractmethod
from typing import Self


class Closing(ABC):
    """A context manager that is itself what is opened, and closes with the block."""

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it, whatever ended the block."""
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds."""

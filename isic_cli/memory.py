"""How the C library hands out memory."""

from functools import cache

#: glibc learns from the largest block that was freed so far, of those below 32 MB.
_LARGEST = 31 << 20


@cache
def keep_freed_memory() -> None:
    """Let this process use freed memory again, up to 62 MB, before it goes back to the system.

    By default glibc gives the arrays of a picture back as soon as they are freed, and the system
    clears every page of the next ones: half of the time in which a mask of 6 MP is read. Where
    the C library is another one, this does nothing.
    """
    bytes(_LARGEST)  # freed at once, and none of its pages is ever used

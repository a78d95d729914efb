"""Reading a query from left to right: the words of the archive's grammar.

What a word may be depends on what is expected (`30-sex` is text after `lesion_id:` but a number
and a negated field after `age_approx:`), so nothing is cut into tokens beforehand: the parser asks
for what it expects at the place where it stands.
"""

import re
from string import ascii_letters, digits

#: What the archive skips between words; other white space is an error to it.
WHITESPACE = " \t\r\n"

SPACE = re.compile(r"[ \t\r\n]*")
NAME = re.compile(r"[A-Za-z0-9_$]+")
WORD = re.compile(r"[A-Za-z0-9*_-]+")
QUOTED = re.compile(r'"[^"\r\n]*"')
NUMBER = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?")

_NAME_CHARACTERS = frozenset(ascii_letters + digits + "_$")


class Scanner:
    """A place in a query, and the questions one can ask there.

    Parameters
    ----------
    text : str
        The query.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self) -> int:
        """Go past white space and return where that leads."""
        self.read(SPACE)
        return self.at

    def take(self, character: str) -> bool:
        """Go past white space and past the character, if it is there."""
        self.skip()
        if not self.text.startswith(character, self.at):
            return False
        self.at += len(character)
        return True

    def name(self) -> str:
        """Return the whole name after white space without going past it; empty if there is none.

        A name that sticks to a name character before it (`30AND`) is none to the archive.
        """
        at = self.skip()
        if at and self.text[at - 1] in _NAME_CHARACTERS:
            return ""
        found = NAME.match(self.text, at)
        return found[0] if found else ""

    def keyword(self, word: str) -> bool:
        """Go past a keyword, if it is there as a whole name."""
        if self.name() != word:
            return False
        self.at += len(word)
        return True

    def read(self, pattern: re.Pattern[str]) -> str | None:
        """Go past what the pattern matches right here and return it; None if it does not match."""
        found = pattern.match(self.text, self.at)
        if not found:
            return None
        self.at = found.end()
        return found[0]

    def ended(self) -> bool:
        """Whether nothing but white space is left."""
        return self.skip() == len(self.text)

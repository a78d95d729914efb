"""From the text of a query to its tree, by the grammar of the archive's own parser.

::

    query    = [ either ]
    either   = both { "OR" both }
    both     = operand { "AND" operand }
    operand  = "(" either ")" | term { term }
    term     = [ "-" ] field ":" value

Terms in a row mean AND and bind tightest. A bracket is joined by AND or OR only.
"""

from isic_cli.query import mistakes
from isic_cli.query.fields import FIELDS, Field
from isic_cli.query.tokens import Scanner
from isic_cli.query.tree import And, Node, Or, Term, joined
from isic_cli.query.values import read_value

#: Brackets inside each other. The parser, the tree's visitors and the archive's own parser are
#: recursive; 12 were measured to work there, and nobody needs as many.
DEEPEST = 64


def parse_tree(text: str) -> Node | None:
    """Parse a query.

    Parameters
    ----------
    text : str
        The query.

    Returns
    -------
    Node or None
        A normal tree; None for an empty query, which means everything.

    Raises
    ------
    QueryError
        If the archive would refuse the query, or fail on it.
    """
    broken = mistakes.unreadable(text)
    if broken:
        raise broken
    parser = _Parser(text)
    return None if parser.scanner.ended() else parser.whole()


class _Parser:
    """Recursive descent, one method per rule."""

    def __init__(self, text: str) -> None:
        self.scanner = Scanner(text)
        self.value: tuple[Field, int] | None = None

    def whole(self) -> Node:
        node = self._either(0)
        if not self.scanner.ended():
            raise mistakes.not_joined(self.scanner, self.value)
        return node

    def _either(self, depth: int) -> Node:
        parts = [self._both(depth)]
        while self.scanner.keyword("OR"):
            parts.append(self._both(depth))
        return joined(Or, parts)

    def _both(self, depth: int) -> Node:
        parts = [self._operand(depth)]
        while self.scanner.keyword("AND"):
            parts.append(self._operand(depth))
        return joined(And, parts)

    def _operand(self, depth: int) -> Node:
        at = self.scanner.skip()
        if self.scanner.take("("):
            return self._bracket(at, depth + 1)
        parts: list[Node] = [self._term()]
        while self._term_follows():
            parts.append(self._term())
        return joined(And, parts)

    def _bracket(self, opening: int, depth: int) -> Node:
        if depth > DEEPEST:
            raise mistakes.too_deep(self.scanner.text, opening, DEEPEST)
        node = self._either(depth)
        if not self.scanner.take(")"):
            if self.scanner.ended():
                raise mistakes.unclosed(self.scanner.text, opening)
            raise mistakes.not_joined(self.scanner, self.value)
        self.value = None
        return node

    def _term_follows(self) -> bool:
        """Whether a name and a colon come next: then it is a term, though perhaps a wrong one."""
        scanner, start = self.scanner, self.scanner.at
        scanner.take("-")
        name = scanner.name()
        scanner.at += len(name)
        follows = bool(name) and scanner.take(":")
        scanner.at = start
        return follows

    def _term(self) -> Term:
        scanner, text = self.scanner, self.scanner.text
        start = scanner.skip()
        negated = scanner.take("-")
        name = scanner.name()
        if name not in FIELDS:
            if not name:
                scanner.at = start
            raise mistakes.no_term(scanner)
        field, at = FIELDS[name], scanner.at
        if field.crashes:
            raise mistakes.crashing_field(text, at, field)
        scanner.at += len(name)
        if not scanner.take(":"):
            raise mistakes.no_colon(text, at + len(name), field)
        begin = scanner.skip()
        test = read_value(scanner, field)
        self.value = (field, begin)
        return Term(name, test, negated)

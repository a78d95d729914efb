"""The program from Python: archives, images, data sets and studies as typed objects.

What is public is named by `isic_cli.__all__`; the shell's commands do the same work through the
same use cases.
"""

from inspect import isfunction


def named_as(name: str, *bases: type) -> None:
    """Have a `TypeError` of an unknown argument name the public class, not a base of it.

    Parameters
    ----------
    name : str
        Of the public class.
    bases : type
        The classes that only it has for bases.
    """
    for base in bases:
        for method, value in vars(base).items():
            function = getattr(value, "__func__", value)
            if isfunction(function):
                function.__qualname__ = f"{name}.{method}"

"""Make a superpixel map from a photograph, as the archive made its own.

`generate(path)` is the archive's v3.0 map, to the last pixel; `generate(path,
method="approximate")` needs nothing but Pillow, and is not.
"""

from isic_cli.superpixel.slic.recipe import (
    APPROXIMATE_NOTE,
    METHOD_KEY,
    Method,
    generate,
    generate_labels,
    is_approximate,
    method_text,
)

__all__ = [
    "APPROXIMATE_NOTE",
    "METHOD_KEY",
    "Method",
    "generate",
    "generate_labels",
    "is_approximate",
    "method_text",
]

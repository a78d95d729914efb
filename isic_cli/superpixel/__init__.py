"""Superpixel maps: decode, measure, draw, convert, and make them as the archive did.

The names below are loaded when they are first used, so that importing this package is free.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isic_cli.pictures.png import PngHeader, check_png
    from isic_cli.superpixel.cachefile import read_cache, write_cache
    from isic_cli.superpixel.codec import decode_png, encode_png
    from isic_cli.superpixel.compare import compare_features, compare_maps, compare_masks, dice
    from isic_cli.superpixel.features import Features, parse_features
    from isic_cli.superpixel.map import SuperpixelMap
    from isic_cli.superpixel.outline import Rings
    from isic_cli.superpixel.overlay import (
        Layer,
        draw_overlay,
        draw_values,
        feature_layers,
        outline_picture,
    )
    from isic_cli.superpixel.slic import generate
    from isic_cli.superpixel.tiles import Tile

__all__ = [
    "Features",
    "Layer",
    "PngHeader",
    "Rings",
    "SuperpixelMap",
    "Tile",
    "check_png",
    "compare_features",
    "compare_maps",
    "compare_masks",
    "decode_png",
    "dice",
    "draw_overlay",
    "draw_values",
    "encode_png",
    "feature_layers",
    "generate",
    "outline_picture",
    "parse_features",
    "read_cache",
    "write_cache",
]

_MODULES = {
    "pictures.png": (
        "PngHeader",
        "check_png",
    ),
    "superpixel.cachefile": (
        "read_cache",
        "write_cache",
    ),
    "superpixel.codec": (
        "decode_png",
        "encode_png",
    ),
    "superpixel.compare": (
        "compare_features",
        "compare_maps",
        "compare_masks",
        "dice",
    ),
    "superpixel.features": (
        "Features",
        "parse_features",
    ),
    "superpixel.map": ("SuperpixelMap",),
    "superpixel.outline": ("Rings",),
    "superpixel.overlay": (
        "Layer",
        "draw_overlay",
        "draw_values",
        "feature_layers",
        "outline_picture",
    ),
    "superpixel.slic": ("generate",),
    "superpixel.tiles": ("Tile",),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"isic_cli.{_PLACES[name]}"), name)

"""Search, download and curate the ISIC Archive of skin images.

The names below are loaded when they are first used, so that importing this package is fast.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isic_cli.python.archive import Archive
    from isic_cli.python.cache import Cache
    from isic_cli.python.checks import doctor, validate_metadata
    from isic_cli.python.collection import ImageCollection
    from isic_cli.python.dataset import Dataset
    from isic_cli.python.image import Image
    from isic_cli.python.images import ImageSelection
    from isic_cli.python.recipe import DatasetRecipe
    from isic_cli.python.shards import ShardImages
    from isic_cli.python.study import ReaderStudy

__version__ = "1.0.0"
__all__ = [
    "Archive",
    "Cache",
    "Dataset",
    "DatasetRecipe",
    "Image",
    "ImageCollection",
    "ImageSelection",
    "ReaderStudy",
    "ShardImages",
    "__version__",
    "doctor",
    "validate_metadata",
]

_HOME = {
    "Archive": "archive",
    "Cache": "cache",
    "Dataset": "dataset",
    "DatasetRecipe": "recipe",
    "Image": "image",
    "ImageCollection": "collection",
    "ImageSelection": "images",
    "ReaderStudy": "study",
    "ShardImages": "shards",
    "doctor": "checks",
    "validate_metadata": "checks",
}

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    """Import a public name only when it is asked for, so that `isic --help` stays fast."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"isic_cli.python.{_HOME[name]}"), name)

"""How a download is to be done."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from isic_cli.pictures import MAX_PIXELS

Variant = Literal["full", "thumbnail"]
Check = Literal["structure", "decode"]


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """The options of one download.

    Attributes
    ----------
    folder : Path
        Where the files go.
    variant : {"full", "thumbnail"}
        Which file of an image; thumbnails are called `ISIC_xxxxxxx_thumbnail.jpg`, as the
        archive calls them, so that both variants fit into one folder.
    jobs : int or None
        Transfers side by side; None for as many as help, see `pool`.
    check : {"structure", "decode"}
        What proves a picture whole: its structure, or decoding it to the last row.
    retries : int
        Further tries of a file after the first, as long as nothing arrives.
    rate : float or None
        Most requests per second.
    bandwidth : int or None
        Most bytes per second, all transfers together.
    max_size : int or None
        Largest file that is fetched, in bytes.
    max_pixels : int
        Largest picture that is kept.
    layout : str or None
        Path of a file, such as `{isic_id:.7}/{isic_id}.{ext}`; None for the one recorded in the
        folder, else `{isic_id}.{ext}`.
    """

    folder: Path
    variant: Variant = "full"
    jobs: int | None = None
    check: Check = "structure"
    retries: int = 5
    rate: float | None = None
    bandwidth: int | None = None
    max_size: int | None = None
    max_pixels: int = MAX_PIXELS
    layout: str | None = None

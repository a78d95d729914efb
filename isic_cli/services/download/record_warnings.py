"""What is odd about a picture without being wrong."""

from isic_cli.models.image import ImageRecord, RemoteFile
from isic_cli.pictures.whole import Picture


def record_warnings(
    record: ImageRecord, file: RemoteFile, picture: Picture, variant: str
) -> tuple[str, ...]:
    """Say where a whole picture is not what its name and its record lead one to expect."""
    found = []
    name = {"jpeg": "jpg", "tiff": "tif"}.get(file.extension, file.extension)
    if name != picture.format:
        found.append(f"named .{file.extension} but is a {picture.format}")
    fields = record.fields
    stated = (fields.get("pixels_x"), fields.get("pixels_y"))
    if variant == "full" and None not in stated and stated != (picture.width, picture.height):
        found.append(
            f"{picture.width} x {picture.height} pixels, the record says {stated[0]} x {stated[1]}"
        )
    return tuple(found)

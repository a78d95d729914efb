"""Pictures that lie over a photograph: outlines of superpixels, masks, what annotators marked."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from isic_cli.errors import IsicError, NotFoundError
from isic_cli.folder.files import bytes_reply
from isic_cli.folder.replies import json_reply
from isic_cli.folder.request import Call, choice
from isic_cli.folder.store import FolderStore
from isic_cli.pictures.load import logged_errors, opened
from isic_cli.pictures.mask import read_mask
from isic_cli.pictures.png import png_bytes
from isic_cli.serve.finding import masks_of
from isic_cli.services.study.folder import read_folder
from isic_cli.services.study.layers import layers_of
from isic_cli.superpixel.codec import encode_png
from isic_cli.superpixel.features import feature_name, parse_features
from isic_cli.superpixel.layers import mask_layer, superpixel_layer
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.palette import sequential

#: The longer side of a picture that is shown in place of one that browsers cannot show.
_PREVIEW = 2048


def _shown(draw: Callable[[Call], bytes], kind: str) -> Callable[[Call], httpx.Response]:
    """Answer with what `draw` draws; a file that is absent or broken is told in words."""

    def answer(call: Call) -> httpx.Response:
        try:
            return bytes_reply(call, draw(call), kind)
        except NotFoundError as error:
            return json_reply({"detail": error.message}, 404)
        except IsicError as error:
            return json_reply({"detail": error.message}, 422)

    return answer


def _overlay(call: Call) -> bytes:
    kind = choice(call.query.get("kind", ""), "kind", ("superpixels", "mask", "heatmap"))
    name = call.query.get("name", "")
    isic_id = call.parts["isic_id"]
    if kind == "superpixels":
        return _superpixel_layer(call.store, isic_id, name)
    if kind == "mask":
        return _mask_layer(call.store, isic_id, name)
    return _study_layer(call.store, isic_id, name)


def _labels(call: Call) -> bytes:
    """Draw the labels of a map: red, green and blue are the bytes of each, the lowest first."""
    return encode_png(_map_of(call.store, call.parts["isic_id"]).labels)


def _preview(call: Call) -> bytes:
    """Draw a picture of any format as a JPEG."""
    isic_id = call.parts["isic_id"]
    path = served_file(call.store, call.store.contents.pictures.get(isic_id), isic_id)
    out = BytesIO()
    with opened(path) as picture:
        rgb = picture.convert("RGB")
        rgb.thumbnail((_PREVIEW, _PREVIEW))
        rgb.save(out, "JPEG", quality=90)
    return out.getvalue()


overlay = _shown(_overlay, "image/png")
labels = _shown(_labels, "image/png")
preview = _shown(_preview, "image/jpeg")


def served_file(store: FolderStore, path: str | None, what: str) -> Path:
    """Return a file of the folder, made first where it is not there yet.

    Raises
    ------
    NotFoundError
        For none, and for a link that leads out of the folder.
    """
    found = Path(path or "")
    if path is not None:
        store.contents.make(found)
    if path is None or not store.contents.may_serve(found):
        raise NotFoundError(f"the folder has none of {what}")
    return found


def features_of(store: FolderStore, isic_id: str) -> list[dict[str, Any]]:
    """Return the dermoscopic features that a challenge marked on an image, with their labels."""
    path = store.contents.features.get(isic_id)
    with logged_errors():
        given = parse_features(served_file(store, path, isic_id)) if path else None
        names = list(given.values) if given else []
        return [{"name": name, "labels": given.labels(name).tolist()} for name in names if given]
    return []


def _map_of(store: FolderStore, isic_id: str) -> SuperpixelMap:
    path = store.contents.superpixels.get(isic_id)
    return SuperpixelMap.from_png(served_file(store, path, f"the superpixels of {isic_id}"))


def _superpixel_layer(store: FolderStore, isic_id: str, feature: str) -> bytes:
    """Draw the outlines; with the name of a challenge's feature, where it is marked too."""
    pixels = _map_of(store, isic_id)
    marked = None
    if feature:
        path = store.contents.features.get(isic_id)
        given = parse_features(served_file(store, path, f"the features of {isic_id}"))
        if feature_name(feature) not in given.values:
            raise NotFoundError(f"no feature {feature!r} of {isic_id}")
        marked = pixels.mask(given.labels(feature_name(feature)))
    return superpixel_layer(pixels, marked)


def _mask_layer(store: FolderStore, isic_id: str, name: str) -> bytes:
    """Draw the inside of a mask; of several the one that is named."""
    names = masks_of(store, isic_id)
    chosen = name if name in names else None if name else next(iter(names), None)
    path = store.contents.masks.get(chosen) if chosen else None
    return mask_layer(read_mask(served_file(store, path, f"the mask {name or isic_id}")))


def _study_layer(store: FolderStore, isic_id: str, name: str) -> bytes:
    """Draw how strongly annotators marked each pixel: of a study, `NUMBER`, or `NUMBER:FEATURE`."""
    number, _, feature = name.partition(":")
    study = next((one for key, one in store.studies.items() if str(key) == number), None)
    if study is None:
        raise NotFoundError(f"no study {number!r} in this folder")
    store.contents.make_below(study.folder)
    data = read_folder(study.folder)
    photograph = served_file(store, store.contents.pictures.get(isic_id), isic_id)
    with opened(photograph) as picture:
        shape = picture.height, picture.width
    if store.contents.superpixels.get(isic_id):
        served_file(store, store.contents.superpixels.get(isic_id), isic_id)
    wanted = (feature.strip(),) if feature else data.features
    strength = np.zeros(shape, np.float32)
    for layer in layers_of(data, isic_id, wanted, shape):
        strength = np.maximum(strength, layer.strength)
    if not strength.any():
        raise NotFoundError(f"nobody marked {feature or 'anything'} on {isic_id} in study {number}")
    drawn = np.zeros((*shape, 4), np.uint8)
    marked = strength > 0
    drawn[marked, :3] = sequential(strength[marked])
    drawn[marked, 3] = np.rint(60 + 150 * strength[marked])
    return png_bytes(drawn, level=1)

"""What Hugging Face's `datasets` needs: the types of columns, in Parquet files and in the card."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from isic_cli.models.licenses import LICENSES
from isic_cli.services.cite.archive import images_of

_TYPES = {"VARCHAR": "string", "BIGINT": "int64", "DOUBLE": "float64", "BOOLEAN": "bool"}
_FILE_NAME = "file_name"

#: A feature: a type's name, the names of classes, or the features of a struct.
Feature = str | Sequence[str] | Mapping[str, "Feature"]


def arrow_note(types: Mapping[str, str], labels: Sequence[str]) -> str:
    """Return what `datasets` reads in a Parquet file under the key `huggingface`.

    Without it a class would be a plain number.
    """
    features: dict[str, Any] = {
        name: {"dtype": _TYPES[kind], "_type": "Value"} for name, kind in types.items()
    }
    if labels:
        features["label"] = {"names": list(labels), "_type": "ClassLabel"}
    return json.dumps({"info": {"features": features}})


def folder_features(types: Mapping[str, str], labels: Sequence[str]) -> dict[str, Feature]:
    """Return the features that `datasets` makes of a folder of pictures and its table."""
    found: dict[str, Feature] = {}
    for name, kind in types.items():
        if name == _FILE_NAME:
            found["image"] = "image"
        elif name.endswith(f"_{_FILE_NAME}"):
            found[name.removesuffix(f"_{_FILE_NAME}")] = "image"
        else:
            found[name] = _TYPES[kind]
    return found | ({"label": tuple(labels)} if labels else {})


def shard_features(
    types: Mapping[str, str], labels: Sequence[str], members: Sequence[str]
) -> dict[str, Feature]:
    """Return the features of a WebDataset: the members of a sample by what follows its key."""
    found: dict[str, Feature] = dict.fromkeys(members, "image")
    found["json"] = {name: _TYPES[kind] for name, kind in types.items()}
    if labels:
        found["cls"] = tuple(labels)
    return found | {"__key__": "string", "__url__": "string"}


def hub_license(name: str | None) -> str:
    """Return a licence of the archive as the hub writes it."""
    return LICENSES[name].spdx.lower() if name in LICENSES else "other"


def card(
    *,
    license_: str,
    publisher: str,
    files: Mapping[str, str],
    counts: Mapping[str, int],
    features: Mapping[str, Feature],
    has_masks: bool,
) -> str:
    """Return the card of a data set: its README with a head in YAML.

    Parameters
    ----------
    license_ : str
        As the hub writes it.
    publisher : str
        The archive that the images are from; `""` when nothing tells it.
    files : mapping of str to str
        Split → pattern of its files. Named, since folds are not splits by custom.
    counts : mapping of str to int
        Split → images.
    features : mapping of str to Feature
        Of a row.
    has_masks : bool
        Whether some images have pictures beside them that others lack.
    """
    lines = ["---", f"license: {license_}", "configs:", "- config_name: default", "  data_files:"]
    for split, pattern in files.items():
        lines += [f"  - split: {json.dumps(split)}", f"    path: {json.dumps(pattern)}"]
    lines += ["dataset_info:", "  features:", *_listed(features, "  "), "---", ""]
    lines += [f"# Images {images_of(publisher)}", ""]
    lines += [f"* {split}: {count:,} images" for split, count in counts.items()]
    if has_masks:
        # Earlier ones fail on a picture that a row has not got.
        lines += ["", "Not every image has a mask or map: `datasets` 4.8.5 or later loads this."]
    credit = "Credits are in `attribution.txt`, and of each image in the columns `attribution`"
    return "\n".join([*lines, "", f"{credit} and `copyright_license`.", ""])


def _listed(features: Mapping[str, Feature], indent: str) -> Iterator[str]:
    for name, feature in features.items():
        yield f"{indent}- name: {json.dumps(name, ensure_ascii=False)}"
        if isinstance(feature, str):
            yield f"{indent}  dtype: {feature}"
        elif isinstance(feature, Mapping):
            yield f"{indent}  struct:"
            yield from _listed(feature, f"{indent}  ")
        else:
            yield from (f"{indent}  dtype:", f"{indent}    class_label:", f"{indent}      names:")
            for number, label in enumerate(feature):
                yield f"{indent}        '{number}': {json.dumps(label, ensure_ascii=False)}"

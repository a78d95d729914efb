"""A snapshot of an archive that never was: any number of images, the same for the same seed.

`python benchmarks/snapshot.py --images 1000000 snapshot.parquet` writes what the archive would
offer as `ISIC_metadata.parquet`: the fields of the data dictionary, about as full as they are in
the archive, with the values that its search language knows.
"""

import argparse
from pathlib import Path

import duckdb

DIAGNOSES = (
    ("Benign", "Benign melanocytic proliferations", "Nevus"),
    ("Benign", "Benign melanocytic proliferations", "Nevus"),
    ("Benign", "Benign melanocytic proliferations", "Nevus"),
    ("Benign", "Benign epidermal proliferations", "Seborrheic keratosis"),
    ("Malignant", "Malignant melanocytic proliferations (Melanoma)", "Melanoma Invasive"),
    ("Malignant", "Malignant melanocytic proliferations (Melanoma)", "Melanoma in situ"),
    (
        "Malignant",
        "Malignant adnexal epithelial proliferations - Follicular",
        "Basal cell carcinoma",
    ),
    ("Indeterminate", "Indeterminate melanocytic proliferations", "Atypical melanocytic neoplasm"),
)
SITES = (
    ("Trunk", "Anterior trunk"),
    ("Trunk", "Posterior trunk"),
    ("Lower extremity", "Leg"),
    ("Upper extremity", "Forearm"),
    ("Head and neck", "Face"),
)


def pick(values: tuple[str, ...], salt: int, share: float = 1.0) -> str:
    """Return an expression that picks one of `values` for row `i`; NULL for the other rows."""
    chosen = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    value = f"list_extract([{chosen}], 1 + CAST(hash(i + {salt}) % {len(values)} AS INTEGER))"
    return present(value, salt, share)


def present(value: str, salt: int, share: float) -> str:
    if share >= 1:
        return value
    return f"CASE WHEN hash(i * 31 + {salt}) % 1000 < {round(share * 1000)} THEN {value} END"


def columns() -> dict[str, str]:
    text = {
        "copyright_license": (("CC-BY-NC", "CC-BY-NC", "CC-BY", "CC-0"), 1.0),
        "sex": (("male", "female"), 0.95),
        "image_type": (
            ("dermoscopic", "dermoscopic", "TBP tile: close-up", "clinical: close-up"),
            1,
        ),
        "dermoscopic_type": (("contact polarized", "contact non-polarized"), 0.3),
        "tbp_tile_type": (("3D: white", "3D: XP"), 0.25),
        "diagnosis_confirm_type": (("histopathology", "single image expert consensus"), 0.4),
        "mel_mitotic_index": (("0/mm^2", "<1/mm^2", "1/mm^2", "2/mm^2"), 0.01),
        "fitzpatrick_skin_type": (("I", "II", "III", "IV", "V", "VI"), 0.1),
        "anatom_site_special": (("acral NOS", "nail NOS"), 0.02),
        "image_manipulation": (("instrument only", "altered"), 0.02),
    }
    found = {
        name: pick(values, 7 * n, share) for n, (name, (values, share)) in enumerate(text.items())
    }
    clinics = tuple(f"Department of Dermatology, Hospital {n}" for n in range(40))
    found["attribution"] = pick((*clinics, "Medical University of Vienna"), 3)
    for level in range(3):
        found[f"diagnosis_{level + 1}"] = pick(tuple(row[level] for row in DIAGNOSES), 11)
    for level in range(2):
        found[f"anatom_site_{level + 1}"] = pick(tuple(row[level] for row in SITES), 13, 0.9)
    for salt, name in enumerate(
        ("family_hx_mm", "personal_hx_mm", "concomitant_biopsy", "mel_ulcer")
    ):
        found[name] = present(f"hash(i + {salt}) % 3 = 0", salt, 0.2)
    found["melanocytic"] = "hash(i + 11) % 8 NOT IN (3, 6)"
    found["age_approx"] = present("CAST(hash(i + 17) % 18 * 5 AS BIGINT)", 17, 0.95)
    found["acquisition_day"] = present("CAST(hash(i + 19) % 400 AS BIGINT)", 19, 0.1)
    for salt, name in enumerate(("mel_thick_mm", "clin_size_long_diam_mm"), 23):
        found[name] = present(f"round((hash(i + {salt}) % 1200) / 100.0, 2)", salt, 0.05)
    found["lesion_id"] = present("format('IL_{:07d}', hash(i // 2) % 9999999)", 29, 0.5)
    found["patient_id"] = present("format('IP_{:07d}', hash(i // 20) % 9999999)", 31, 0.8)
    return found


def write_snapshot(path: Path, images: int) -> None:
    """Write a snapshot of so many images, sorted by ISIC id."""
    chosen = ", ".join(f"{value} AS {name}" for name, value in columns().items())
    with duckdb.connect(":memory:") as database:
        database.execute(
            f"COPY (SELECT format('ISIC_{{:07d}}', i * 9999999 // {images}) AS isic_id, {chosen}"
            f" FROM range({images}) AS all_of(i)) TO '{path}' (FORMAT parquet, COMPRESSION snappy,"
            " KV_METADATA {snapshot_timestamp: '2026-01-01T00:00:00+00:00'})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("path", type=Path)
    options = parser.parse_args()
    write_snapshot(options.path, options.images)
    print(f"{options.path}: {options.images:,} images, {options.path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

"""Planted faults are found: what `benchmarks/audit.py` measures, on one seed."""

from pathlib import Path

import pytest

from benchmarks.audit import (
    EMBEDDINGS,
    IMAGES,
    METADATA,
    PICTURES,
    audited,
    plant_embeddings,
    plant_metadata,
    plant_pictures,
    recall,
)
from isic_cli.services.dataset.audit import Audit, AuditOptions
from isic_cli.services.dataset.audit_pictures import MeasuredPicture, measure_pictures
from tests.support.lesions import grainy


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[MeasuredPicture]:
    folder = tmp_path_factory.mktemp("drawn")
    for number in range(30):
        grainy(number).save(folder / f"ISIC_00000{number:02d}.jpg", quality=90)
    return measure_pictures(tuple(map(str, sorted(folder.iterdir()))))


@pytest.mark.slow
@pytest.mark.parametrize("fault", PICTURES)
def test_spoiled_pictures_are_among_the_first(
    pictures: list[MeasuredPicture], tmp_path: Path, fault: str
) -> None:
    every, planted, kind = plant_pictures(pictures, tmp_path, fault, seed=1)
    found = Audit(tmp_path, AuditOptions((kind,))).findings(
        {one.key: one.path for one in every}, every
    )
    assert recall(found, kind, planted, len(every)) == 1.0


@pytest.mark.parametrize("fault", EMBEDDINGS)
def test_faults_among_embeddings_are_among_the_first(tmp_path: Path, fault: str) -> None:
    planted, kind = plant_embeddings(tmp_path, fault, seed=1)
    found = audited(tmp_path / "labels.csv", embeddings=tmp_path / "vectors.npz", kinds=(kind,))
    assert recall(found, kind, planted, IMAGES) >= 0.9


@pytest.mark.parametrize("fault", METADATA)
def test_contradictions_of_metadata_are_found(tmp_path: Path, fault: str) -> None:
    planted, kind = plant_metadata(tmp_path, fault, seed=1)
    found = audited(tmp_path / "metadata.csv", kinds=(kind,))
    assert recall(found, kind, planted, IMAGES) == 1.0

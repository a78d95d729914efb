"""Commands where a file that is open can be neither replaced nor removed, as on Windows."""

from pathlib import Path

import pytest

from tests.cli.conftest import Isic, relabel
from tests.support.folders import jpeg
from tests.support.windows import behave_as_windows

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="it reads /proc")


def test_a_data_set_is_made_changed_and_exported_without_touching_open_files(
    isic: Isic, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behave_as_windows(monkeypatch)
    benign = ("-y", "-s", "diagnosis_1:Benign")
    export = ("dataset", "export", "out", "set", "--to", "csv")
    assert isic("image", "download", *benign, "out").code == 0
    assert isic(*export).code == 0
    relabel(folder, 3, diagnosis_1="Malignant")
    (folder / "ISIC_0000002.jpg").write_bytes(jpeg(2, size=(64, 48)))
    for command in (
        ("dataset", "sync", "out"),
        ("dataset", "sync", "out", "--delete"),
        ("dataset", "verify", "out", "--deep"),
        ("dataset", "log", "out"),
        export,
        ("image", "download", "-y", "ISIC_0000004", "out"),
        ("dataset", "merge", "out", "-o", "one.lock"),
    ):
        done = isic(*command)
        assert (done.code, "cannot" in done.err) == (0, False), (command, done.err)

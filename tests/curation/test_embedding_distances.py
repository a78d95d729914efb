"""The three indicators: as SelfClean has them, by hand, and by brute force."""

import json
from pathlib import Path

import numpy as np
import pytest

from isic_cli.curation import embedding_distances
from isic_cli.curation.embedding_distances import (
    Vectors,
    label_distances,
    nearest_pictures,
    off_topic,
    pairs_alike,
)

#: What SelfClean 0.0.39 gave for `clustered(seed)`: the order of its off-topic ranking and its
#: label-error scores, seven digits. The package needs torch, so it cannot be run beside ours.
RECORDED = Path(__file__).resolve().parents[1] / "data" / "selfclean.json"


def clustered(seed: int) -> tuple[Vectors, list[str]]:
    generator = np.random.default_rng(seed)
    count, features = int(generator.integers(20, 60)), int(generator.integers(3, 12))
    classes = int(generator.integers(2, 5))
    centres = generator.normal(size=(classes, features)) * 2
    labels = generator.integers(0, classes, count)
    vectors = centres[labels] + generator.normal(size=(count, features))
    labels[:2] = generator.integers(0, classes, 2)
    if seed % 3 == 0:
        labels[3] = 99  # the only one of its class
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float32), [str(label) for label in labels]


def on_circle(*degrees: float) -> Vectors:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_off_topic_and_label_errors_are_those_of_selfclean() -> None:
    recorded = json.loads(RECORDED.read_text("utf-8"))
    assert len(recorded) == 12
    for seed, expected in enumerate(recorded):
        vectors, labels = clustered(seed)
        assert off_topic(vectors).order.tolist() == expected["off_topic"], seed
        scores = label_distances(vectors, labels).score
        assert 1 - scores == pytest.approx(np.array(expected["label"]), abs=5e-6), seed


def test_the_nearest_picture_and_its_distance_on_a_circle() -> None:
    found = nearest_pictures(on_circle(0, 10, 90, 180))
    assert found.place.tolist() == [1, 0, 1, 2]
    expected = [(1 - np.cos(np.radians(angle))) / 2 for angle in (10, 10, 80, 90)]
    assert found.distance == pytest.approx(np.array(expected), abs=1e-6)


def test_a_picture_inside_another_class_is_a_likely_label_error() -> None:
    found = label_distances(on_circle(0, 5, 10, 90, 95, 3), ["a", "a", "a", "b", "b", "b"])
    assert int(found.score.argmax()) == 5
    assert found.score[5] > 0.99
    assert (found.score[[2, 3, 4]] < 0.5).all()
    assert found.nearest_other[5] == 1


def test_one_class_has_no_label_errors() -> None:
    assert np.isnan(label_distances(on_circle(0, 5, 10), ["a", "a", "a"]).score).all()


def test_equal_pictures_of_two_classes_score_a_half() -> None:
    found = label_distances(on_circle(0, 0, 0, 0), ["a", "a", "b", "b"])
    assert found.score.tolist() == [0.5, 0.5, 0.5, 0.5]


def test_a_picture_far_from_all_joins_last_and_is_ranked_first() -> None:
    found = off_topic(on_circle(0, 2, 4, 6, 170, 8))
    assert found.order[0] == 4
    assert found.joined[4] == pytest.approx((1 - np.cos(np.radians(162))) / 2, abs=1e-6)
    assert found.joined.max() == found.joined[4]


def test_a_whole_class_that_lies_apart_is_on_topic() -> None:
    found = off_topic(on_circle(*range(10), *range(90, 97)), small=0.2)
    assert found.joined.max() < 1e-3
    assert off_topic(on_circle(*range(10), *range(90, 97)), small=0.5).joined.max() > 0.4


def test_the_tree_is_the_shortest_also_where_kept_neighbours_do_not_suffice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors, _ = clustered(1)
    expected = off_topic(vectors)
    # Twenty copies of one picture: all neighbours that are kept of them are copies.
    copies = np.concatenate([vectors, np.repeat(vectors[:1], 20, axis=0)])
    assert sorted(off_topic(copies).order.tolist()) == list(range(len(copies)))
    monkeypatch.setattr(embedding_distances, "_KEPT", 1)
    monkeypatch.setattr(embedding_distances, "_BLOCK", 1)
    few = off_topic(vectors)
    assert few.order.tolist() == expected.order.tolist()
    assert few.joined == pytest.approx(expected.joined, abs=1e-6)


def test_pairs_are_alike_from_the_cosine_that_is_asked_on() -> None:
    vectors = np.array([[1, 0], [0.6, 0.8], [1, 0], [0, 1]], np.float32)
    assert [pair[:2] for pair in pairs_alike(vectors, 0.9)] == [(0, 2)]
    assert [pair[:2] for pair in pairs_alike(vectors, 0.8)] == [(0, 2), (1, 3)]
    assert [pair[:2] for pair in pairs_alike(vectors, 0.81)] == [(0, 2)]
    assert [round(pair[2], 6) for pair in pairs_alike(vectors, 0.6)] == [1.0, 0.8, 0.6, 0.6]


def test_alike_pairs_of_many_pictures_are_those_of_a_look_at_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedding_distances, "_BLOCK", 700)  # several blocks
    vectors = np.random.default_rng(3).normal(size=(60, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    slow = {(i, j) for i in range(60) for j in range(i + 1, 60) if cosines[i, j] >= 0.9}
    found = pairs_alike(vectors, 0.9)
    assert {pair[:2] for pair in found} == slow
    assert len(found) == len(slow) > 0

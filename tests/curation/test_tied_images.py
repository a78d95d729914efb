"""What data sets have in common by their ids."""

import tracemalloc

from isic_cli.curation.leaks import SharedItem, shared_images, shared_values
from isic_cli.curation.tied_images import TiedImages
from isic_cli.tables.codes import TextCodes


def test_an_image_that_tables_name_otherwise_has_all_of_its_names() -> None:
    names: dict[str, TextCodes] = {}
    images, others = TiedImages(names), TiedImages(names)
    images.add("ISIC_0000003", {"lesion_id": "IL_2"})
    images.add("ISIC_0000001")
    images.add("ISIC_0000003", {"lesion_id": "IL_1", "patient_id": "IP_1"})
    images.add("ISIC_0000003", {"lesion_id": "IL_1"})
    images.add("ISIC_0000002", {"lesion_id": "IL_2"})
    others.add("ISIC_0000009", {"lesion_id": "IL_3"})
    others.complete("ISIC_0000009", {"patient_id": "IP_2"})
    others.complete("ISIC_0000008", {"patient_id": "IP_9"})

    assert [*images] == ["ISIC_0000003", "ISIC_0000001", "ISIC_0000002"]
    assert [*images.values("lesion_id")] == ["IL_2", "IL_1"]
    assert [*others.values("patient_id")] == ["IP_2"]
    assert [*images.values("rcm_case_id")] == []
    fields = ("lesion_id", "patient_id", "rcm_case_id")
    assert [images.without(field) for field in fields] == [1, 2, 3]
    assert [*images.having("lesion_id", images.is_used("lesion_id"))] == [
        ("ISIC_0000003", 0),
        ("ISIC_0000003", 1),
        ("ISIC_0000002", 0),
    ]


def test_what_is_shared_comes_in_the_order_of_the_data_sets() -> None:
    names: dict[str, TextCodes] = {}
    sets = {name: TiedImages(names) for name in ("a", "b", "c")}
    for name, isic_id, lesion in (
        ("a", "ISIC_0000005", "IL_1"),
        ("a", "ISIC_0000004", "IL_2"),
        ("b", "ISIC_0000001", "IL_3"),
        ("b", "ISIC_0000004", "IL_1"),
        ("c", "ISIC_0000005", "IL_2"),
        ("c", "ISIC_0000001", "IL_9"),
        ("c", "ISIC_0000004", "IL_3"),
    ):
        sets[name].add(isic_id, {"lesion_id": lesion})

    def item(kind: str, value: str, **images: str) -> SharedItem:
        return SharedItem(kind, value, {name: (one,) for name, one in images.items()}, {})

    one, four, five = (f"ISIC_000000{number}" for number in (1, 4, 5))
    assert [*shared_images(sets)] == [
        item("isic_id", five, a=five, c=five),
        item("isic_id", four, a=four, b=four, c=four),
        item("isic_id", one, b=one, c=one),
    ]
    assert [*shared_values(sets, names, "lesion_id")] == [
        item("lesion_id", "IL_1", a=five, b=four),
        item("lesion_id", "IL_2", a=four, c=five),
        item("lesion_id", "IL_3", b=one, c=four),
    ]
    assert [*shared_values(sets, names, "rcm_case_id")] == []


def test_an_image_takes_few_bytes() -> None:
    tracemalloc.start()
    images = TiedImages({})
    for at in range(6_000):
        ties = {"lesion_id": f"IL_{at // 2:07d}", "patient_id": f"IP_{at // 6:07d}"}
        images.add(f"ISIC_{at:07d}", ties)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(images) == 6_000
    assert peak < 6_000 * 50

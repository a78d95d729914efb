"""The paragraphs of methods that a build knows: nothing in them that the facts do not say."""

from collections.abc import Iterator, Sequence

from isic_cli.models.names import counted
from isic_cli.services.build.facts import (
    BuildFacts,
    DedupeFacts,
    LabelFacts,
    ReferenceFacts,
    SplitFacts,
)
from isic_cli.services.export.options import TargetSize
from isic_cli.services.paper.blocks import Block, Heading, Paragraph, code, listed, part, plain
from isic_cli.services.paper.counts import BuildCounts
from isic_cli.services.paper.sources import archive_words, selection_words

_TIERS = {
    "id": "the same ISIC id",
    "bytes": "the same bytes",
    "pixels": "the same decoded pixels",
    "phash": "perceptual hashes of the picture, of its turned and mirrored forms and of central "
    "crops that differ in at most {distance} of 64 bits, confirmed by aligning both pictures",
}
_KEEP = {
    "largest": "the picture with the most pixels",
    "oldest": "the oldest picture",
    "most-metadata": "the picture with the most metadata",
}
_UNMAPPED = {
    "drop": "Images without a label were left out.",
    "keep": "Images without a label were kept, as unmapped.",
    "refuse": "Every image has a label.",
}
_SHARED = {
    "id": "are in it",
    "lesion": "show a lesion that is in it",
    "patient": "are of a patient who is in it",
}


def methods(facts: BuildFacts, counts: BuildCounts) -> list[Block]:
    """Return the paragraphs: data, exclusions, labels, partition, availability."""
    blocks: list[Block] = [Heading("Methods: data", 1)]
    for title, sentences in (
        ("Source of the images", source_sentences(facts, counts)),
        ("Exclusions", exclusion_sentences(facts, counts)),
        ("Reference standard", label_sentences(facts, counts)),
        ("Partition", split_sentences(facts, counts)),
        ("Preprocessing", export_sentences(facts)),
        ("Availability", availability_sentences(facts)),
    ):
        text = " ".join(sentences)
        if text:
            blocks += [Heading(title), Paragraph(text)]
    return blocks


def source_sentences(facts: BuildFacts, counts: BuildCounts) -> Iterator[str]:
    """Yield where the images are from, when, and by which query."""
    day = f"{facts.listed.day} {facts.listed:%B %Y}"
    if len(facts.sources) == 1:
        only = facts.sources[0]
        yield (
            f"On {day}, {counted(only.images, 'image')} {_was(only.images)} "
            f"selected from {archive_words(only)}{selection_words(only)}."
        )
    else:
        yield f"On {day}, images were selected from {len(facts.sources)} sources."
        for one in facts.sources:
            yield (
                f"Source {code(one.name)}: {counted(one.images, 'image')} from "
                f"{archive_words(one)}{selection_words(one)}."
            )
        given, first = sum(one.images for one in facts.sources), counts.remaining[0].images
        if given > first:
            yield (
                f"{counted(given - first, 'image')} that an earlier source had given "
                f"{_was(given - first)} taken once, which left {first:,}."
            )
    if facts.challenges:
        yield f"Images are of {listed(map(plain, facts.challenges))}."


def exclusion_sentences(facts: BuildFacts, counts: BuildCounts) -> Iterator[str]:
    """Yield what was left out by rule or as a duplicate, and how duplicates were found."""
    if reasons := counts.removals("exclude"):
        yield _left_out("Excluded", reasons)
    if unmet := [one.reason for one in facts.removals if one.stage == "exclude" and not one.images]:
        yield f"No image was excluded by the criterion {listed(map(plain, unmet), 'or')}."
    if reasons := counts.removals("quality"):
        yield f"The quality of pictures was measured as {code('isic dataset audit')} does."
        yield _left_out("Excluded for standing out in it", reasons)
    for one in facts.references:
        yield _reference_sentence(one)
    if facts.dedupe is not None:
        yield from _dedupe_sentences(facts.dedupe)
        if reasons := counts.removals("dedupe"):
            yield _left_out("Left out", reasons)
    if reasons := counts.removals("labels"):
        yield _left_out("Left out for the label", reasons)
    first, last = counts.remaining[0], counts.remaining[-1]
    of = counted(first.images, "image")
    yield (
        f"Of {of}, {last.images:,} ({counted(last.lesions, 'lesion')}, "
        f"{counted(last.patients, 'patient')}) {_was(last.images)} included in the data set."
    )
    gaps = [
        f"{counted(count, 'image')} {_has(count)} no {name} id"
        for name, count in (("lesion", counts.whole.without_lesion),
                            ("patient", counts.whole.without_patient))
        if count
    ]  # fmt: skip
    if gaps:
        yield f"Of these, {listed(gaps)}."


def _reference_sentence(one: ReferenceFacts) -> str:
    ways = [_SHARED.get(name, f"have its {name}") for name in one.share]
    ways += ["show a near-duplicate of one of its pictures"] if one.pictures else []
    of = f"{counted(one.source.images, 'image')} of {archive_words(one.source)}"
    what = f"{of}{selection_words(one.source)}"
    return (
        f"The data set is kept apart from {code(one.source.name)} ({what}): "
        f"left out were images that {listed(ways, 'or')}."
    )


def _dedupe_sentences(one: DedupeFacts) -> Iterator[str]:
    ways = [_TIERS.get(tier, tier).format(distance=one.distance) for tier in one.tiers]
    what = "Duplicates" if one.action else "Copies of the pictures of references"
    yield f"{what} were looked for by {listed(ways)}."
    if one.gap:
        yield f"{one.gap.capitalize()}."
    if one.shared_groups:
        yield (
            f"{_groups(one.shared_groups, one.shared_images)} had a picture of a reference among "
            "the copies: no image of them was kept."
        )
    found = f"{_groups(one.groups, one.images)} {_was(one.groups)} found"
    if not (one.groups or one.shared_groups):
        yield "None were found."
    elif one.groups and one.action == "group":
        yield f"{found} and kept, each group in one split."
    elif one.groups:
        yield f"{found}; of each group {_KEEP.get(one.keep, one.keep)} was kept."


def _groups(groups: int, images: int) -> str:
    return f"{counted(groups, 'group')} with {counted(images, 'image')}"


def label_sentences(facts: BuildFacts, counts: BuildCounts) -> Iterator[str]:
    """Yield where the labels are from and how diagnoses were confirmed."""
    one = facts.labels
    if one is not None:
        yield _scheme_sentence(one)
        told = [
            f"{plain(name)} ({of.images:,})" for name, of in counts.classes.items() if of.images
        ]
        yield f"Images by class: {listed(told)}."
        if empty := [plain(name) for name, of in counts.classes.items() if not of.images]:
            yield f"No image is of {listed(empty, 'or')}."
        yield _UNMAPPED.get(one.unmapped, "")
    confirmed = counts.whole.known("confirmation")
    if confirmed:
        ways = [
            f"{plain(way)} for {part(count, counts.whole.images)}"
            for way, count in sorted(confirmed.items(), key=lambda at: (-at[1], at[0]))
        ]
        missing = counts.whole.missing("confirmation")
        rest = f"; it is not told for {part(missing, counts.whole.images)}" if missing else ""
        yield f"Diagnoses were confirmed by {listed(ways)}{rest}."


def unmapped_sentence(facts: BuildFacts, counts: BuildCounts) -> str:
    """Return what became of images without a label."""
    if facts.labels is None:
        return ""
    rule = _UNMAPPED.get(facts.labels.unmapped, "")
    reasons = counts.removals("labels")
    return f"{rule} {_left_out('Left out', reasons)}" if reasons else rule


def _scheme_sentence(one: LabelFacts) -> str:
    is_table = one.kind == "table"
    version = f"SHA-256 {code(one.version)}" if is_table else f"version {plain(one.version)}"
    known = [plain(one.title)] if one.title else []
    known += [version] if one.version else []
    about = f" ({', '.join(known)})" if known else ""
    return f"Images were labelled by the {one.kind} {code(one.scheme)}{about}."


def split_sentences(facts: BuildFacts, counts: BuildCounts) -> Iterator[str]:
    """Yield how images were assigned to splits, and the check for leaks."""
    one = facts.split
    if one is None:
        yield "The data set is not divided."
        return
    parts = [f"{plain(name)} ({of.images:,})" for name, of in counts.splits.items()]
    is_equal = len(one.shares) > 1 and len({*one.shares}) == 1
    asked = f"shares of {':'.join(f'{100 * part:g}' for part in one.shares)}"
    asked = "equal shares" if is_equal else asked
    yield f"The images were divided into {listed(parts)}; asked for were {asked}."
    yield from _grouping_sentences(one)
    if one.stratify:
        yield (
            f"As far as whole groups allow, each split has its share of every value of "
            f"{code(one.stratify)}."
        )
    if one.hold_out:
        held = [code(f"{name} = {value}") for name, value in one.hold_out]
        yield f"Groups with an image with {listed(held, 'or')} were held out."
    yield f"The random seed was {one.seed}."
    yield (
        "A check after the split found no group in more than one split."
        if not one.leaks
        else f"A check after the split found {counted(one.leaks, 'group')} in more than one split."
    )


def _grouping_sentences(one: SplitFacts) -> Iterator[str]:
    groups = one.groups.values()
    same = listed([code(name) for name in one.group], "or")
    ties = [f"images with the same {same}"] if one.group else []
    ties += ["duplicates of each other"] if one.duplicates else []
    if ties:
        tied = listed(ties)
        yield (
            f"{tied[0].upper()}{tied[1:]} stayed in one split ({counted(sum(groups), 'group')})."
        )
    if one.ungrouped:
        yield (
            f"{counted(one.ungrouped, 'image')} {_has(one.ungrouped)} no id that ties "
            "them to others: each was a group of its own."
        )
    if one.stable:
        yield "Groups were placed by a hash of their ids alone."


def export_sentences(facts: BuildFacts) -> Iterator[str]:
    """Yield how pictures were written."""
    for one in facts.exports:
        parts = [_resized(one.size)] if one.size else []
        parts += [f"encoded as {code(one.encode)}"] if one.encode else []
        how = listed(parts) if parts else "as the archive has them"
        pictures = f"{counted(one.images, 'picture')} {_was(one.images)}"
        yield f"{pictures} written to {code(one.name)} ({code(one.kind)}), {how}."


def _resized(size: str) -> str:
    box = TargetSize.parse(size)
    how = {"fit": "reduced to fit into", "crop": "scaled and cropped to", "pad": "padded to"}
    return f"{how[box.mode]} {box.width} x {box.height} pixels"


def availability_sentences(facts: BuildFacts) -> Iterator[str]:
    """Yield how the same data set is made again."""
    yield (
        f"The data set was built with {plain(facts.tool)} from a recipe with the SHA-256 "
        f"{code(facts.recipe)}; the file {code('build.lock')} lists every image with the hashes of "
        f"its metadata and its file, and {code('isic dataset build --locked')} makes the same data "
        "set from it."
    )


def _left_out(how: str, found: Sequence[tuple[str, int]]) -> str:
    told = listed(f"{counted(count, 'image')} ({plain(reason)})" for reason, count in found)
    return f"{how} {_was(sum(count for _, count in found))} {told}."


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _has(count: int) -> str:
    return "has" if count == 1 else "have"

"""Making a study from its protocol file."""

import secrets
from collections.abc import Sequence
from itertools import count

from django.db import transaction

from stimuli import files
from stimuli.continuations import Continuation, plan_continuations
from stimuli.immutability import study_opened
from stimuli.models import Feature, FrozenSet, SourceImage, Stimulus
from stimuli.protocol import Protocol, ProtocolError, ProtocolFile
from stimuli.recipes import Recipe, continuation_recipes, explanation_recipe, find_stimulus
from stimuli.renditions import WebImage, lacks_renditions
from stimuli.selection import FeatureImages, ImageBatch, RankedImage, select_images
from stimuli.sets import contents_of, frozen_files, frozen_set_of
from studyapp.models import ContinuationPair, FeatureUse, QueryPair, Reference, Role, Study, StudyFeature


@transaction.atomic
def study_create(*, file: ProtocolFile) -> tuple[Study, bool]:
    """Make a study from a protocol file; the same file again gives the study that stands, and False.

    Raises:
        ProtocolError: the slug belongs to another protocol, its images are not frozen or would be chosen otherwise
            today, what it would show does not belong to the frozen set, or a file of the set is missing or changed.
            Nothing is stored then.
    """
    protocol = file.protocol
    standing = Study.objects.filter(slug=protocol.slug).first()
    if standing is not None:
        _check_same(standing, file)
        return standing, False
    study, created = Study.objects.get_or_create(
        slug=protocol.slug,
        defaults={
            "title": protocol.title,
            "protocol": file.text,
            "protocol_sha256": file.sha256,
            "seed": protocol.seed,
            "secret": secrets.token_hex(32),
            "frozen_set": _frozen_set(file),
        },
    )
    if created:
        _check_files(study.frozen_set)
        positions = {use.value: count(1) for use in FeatureUse}
        selected = select_images(protocol)
        with study_opened(study.pk):
            stored = [_store_feature(study, protocol, images, next(positions[images.phase])) for images in selected]
            _store_continuations(protocol, stored, plan_continuations(protocol, selected))
        _check_members(study)
    return study, created


def _check_same(study: Study, file: ProtocolFile) -> None:
    if study.protocol_sha256 != file.sha256:
        raise ProtocolError(
            f"The study {study.slug!r} exists already with another protocol (SHA-256 {study.protocol_sha256[:12]}); "
            "give this one another `slug`, because a study does not change once it stands."
        )


def _frozen_set(file: ProtocolFile) -> FrozenSet:
    """The frozen set of exactly this protocol, whose images it chooses to this day."""
    frozen = frozen_set_of(file)
    if frozen is None:
        raise ProtocolError(
            f"The images of the protocol {file.protocol.slug!r} are not frozen; run freeze_stimuli with this very file "
            "first, which verifies them and says what is missing."
        )
    contents_of(frozen)
    return frozen


def _store_feature(study: Study, protocol: Protocol, images: FeatureImages, position: int) -> StudyFeature:
    """Store one feature with the references, their explanations and the queries of all its batches."""
    for ranked in images.images:
        _check_renditions(protocol, ranked.image)
    study_feature = StudyFeature.objects.create(
        study=study, feature=images.feature, phase=images.phase, position=position
    )
    explained: list[Reference] = []
    for number, batch in enumerate(images.batches, start=1):
        explained += _store_references(study_feature, number, Role.STRONG, batch.references)
        _store_references(study_feature, number, Role.WEAK, batch.weak_references)
        _store_queries(study_feature, number, batch)
    for place, reference in enumerate(explained, start=1):
        for condition in protocol.trials.conditions:
            if recipe := explanation_recipe(protocol, condition, images, place):
                reference.explanations.add(_explanation(protocol, recipe))
    return study_feature


def _store_continuations(
    protocol: Protocol, features: Sequence[StudyFeature], continuations: Sequence[Continuation]
) -> None:
    """Store what the tasks on graded accentuations ask about, each feature's seeds numbered from 1."""
    by_feature = {feature.feature_id: feature for feature in features}
    numbers = {feature.feature_id: count(1) for feature in features}
    for one in continuations:
        _check_renditions(protocol, one.image)
        weak, strong, foil = (_explanation(protocol, recipe) for recipe in continuation_recipes(protocol, one))
        ContinuationPair.objects.create(
            study_feature=by_feature[one.feature.pk],
            number=next(numbers[one.feature.pk]),
            seed_image=one.image,
            weak=weak,
            strong=strong,
            foil=foil,
        )


def _store_references(
    study_feature: StudyFeature, batch: int, role: Role, images: Sequence[RankedImage]
) -> list[Reference]:
    return Reference.objects.bulk_create(
        Reference(
            study_feature=study_feature,
            batch=batch,
            role=role,
            position=position,
            image=ranked.image,
            activation=ranked.activation,
            rank=ranked.rank,
        )
        for position, ranked in enumerate(images, start=1)
    )


def _store_queries(study_feature: StudyFeature, batch: int, images: ImageBatch) -> None:
    QueryPair.objects.bulk_create(
        QueryPair(
            study_feature=study_feature,
            batch=batch,
            difficulty=pair.difficulty,
            strong_image=pair.strong.image,
            strong_activation=pair.strong.activation,
            strong_rank=pair.strong.rank,
            weak_image=pair.weak.image,
            weak_activation=pair.weak.activation,
            weak_rank=pair.weak.rank,
        )
        for pair in images.queries
    )


def _check_files(frozen: FrozenSet) -> None:
    """Hash every file of the set, so that no study opens on one that is missing or changed."""
    for file in frozen_files(frozen):
        if not files.is_whole(file.sha256):
            raise ProtocolError(
                f"The file of {file.what} is missing or changed; run import_images for a natural image, "
                "generate_stimuli for another, or the import_stimuli of the set again, which restores it."
            )


def _check_members(study: Study) -> None:
    """What the study shows belongs to its frozen set, whatever else is in the database."""
    frozen = study.frozen_set
    references = Reference.objects.filter(study_feature__study=study)
    pairs = QueryPair.objects.filter(study_feature__study=study).values_list("strong_image", "weak_image")
    shown = {*references.values_list("image", flat=True), *(image for pair in pairs for image in pair)}
    explained = set(references.exclude(explanations=None).values_list("explanations", flat=True))
    continued = ContinuationPair.objects.filter(study_feature__study=study)
    shown |= set(continued.values_list("seed_image", flat=True))
    explained |= {one for pair in continued.values_list("weak", "strong", "foil") for one in pair}
    asked = set(study.features.values_list("feature", flat=True))
    strange = [
        *SourceImage.objects.filter(pk__in=shown).exclude(frozen_sets=frozen),
        *Stimulus.objects.filter(pk__in=explained).exclude(frozen_sets=frozen),
        *Feature.objects.filter(pk__in=asked).exclude(frozen_sets=frozen),
    ]
    if strange:
        raise ProtocolError(
            f"The study would show what does not belong to the frozen set {frozen.slug!r} ({strange[0]}); discard the "
            "set with freeze_stimuli --discard and freeze or import it again."
        )


def _check_renditions(protocol: Protocol, image: WebImage) -> None:
    if lacks_renditions(image, protocol.stimuli.files):
        raise ProtocolError(
            f"The image {image.sha256[:12]} has not been made in the format and widths of [stimuli.files]; run "
            "generate_stimuli with this protocol first."
        )


def _explanation(protocol: Protocol, recipe: Recipe) -> Stimulus:
    """What was generated by a recipe; that the frozen set holds it is asked of all together."""
    stimulus = find_stimulus(recipe)
    if stimulus is None:
        raise ProtocolError(f"The {recipe.describe()} has not been made; run generate_stimuli with this protocol.")
    _check_renditions(protocol, stimulus)
    return stimulus

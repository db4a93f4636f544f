"""Making a study from its protocol file."""

from itertools import count

from django.db import transaction

from stimuli.models import FrozenSet, Stimulus
from stimuli.protocol import Protocol, ProtocolError, ProtocolFile
from stimuli.recipes import accentuation_recipe, find_stimulus
from stimuli.selection import FeatureImages, RankedImage, select_images
from stimuli.sets import contents_of, frozen_set_of
from studyapp.models import Phase, QueryPair, Reference, Study, StudyFeature


@transaction.atomic
def study_create(*, file: ProtocolFile) -> tuple[Study, bool]:
    """Make a study from a protocol file; the same file again gives the study that stands, and False.

    Raises:
        ProtocolError: the slug belongs to another protocol, its images are not frozen or would be chosen otherwise
            today, or a file of them is gone. Nothing is stored then.
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
            "frozen_set": _frozen_set(file),
        },
    )
    if created:
        positions = {phase.value: count(1) for phase in Phase}
        for images in select_images(protocol):
            _store_feature(study, protocol, images, next(positions[images.phase]))
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


def _store_feature(study: Study, protocol: Protocol, images: FeatureImages, position: int) -> None:
    """Store one feature with its references, their explanations and its queries."""
    _check_files(images)
    study_feature = StudyFeature.objects.create(
        study=study, feature=images.feature, phase=images.phase, position=position
    )
    for place, ranked in enumerate(images.references, start=1):
        reference = Reference.objects.create(
            study_feature=study_feature,
            position=place,
            image=ranked.image,
            activation=ranked.activation,
            rank=ranked.rank,
        )
        if Stimulus.Kind.ACCENTUATION in protocol.trials.conditions:
            reference.explanations.add(_accentuation(protocol, images, ranked))
    QueryPair.objects.create(
        study_feature=study_feature,
        strong_image=images.strong.image,
        strong_activation=images.strong.activation,
        strong_rank=images.strong.rank,
        weak_image=images.weak.image,
        weak_activation=images.weak.activation,
        weak_rank=images.weak.rank,
    )


def _check_files(images: FeatureImages) -> None:
    for ranked in (*images.references, images.strong, images.weak):
        if not ranked.image.path.is_file():
            raise ProtocolError(
                f"The file of image {ranked.image.sha256[:12]} is missing in the data folder; run the import_images of "
                f"the pool {ranked.image.pool.name!r} or the import_stimuli of the set again, which restores it."
            )


def _accentuation(protocol: Protocol, images: FeatureImages, ranked: RankedImage) -> Stimulus:
    """The generated accentuation of a reference, which the frozen set holds."""
    stimulus = find_stimulus(accentuation_recipe(protocol, images.feature, ranked.image))
    if stimulus is None or not stimulus.path.is_file():
        raise ProtocolError(
            f"The file of the accentuation of {images.feature} on image {ranked.image.sha256[:12]} is missing in the "
            "data folder; run generate_stimuli with this protocol or the import_stimuli of its set again."
        )
    return stimulus

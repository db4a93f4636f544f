"""Making a study from its protocol file."""

from itertools import count

from django.db import transaction

from stimuli.models import Stimulus
from stimuli.protocol import Protocol, ProtocolError, ProtocolFile
from stimuli.quality import flags
from stimuli.recipes import accentuation_recipe, find_stimulus
from stimuli.selection import FeatureImages, RankedImage, select_images
from studyapp.models import Phase, QueryPair, Reference, Study, StudyFeature


@transaction.atomic
def study_create(*, file: ProtocolFile) -> tuple[Study, bool]:
    """Make a study from a protocol file; the same file again gives the study that stands, and False.

    Raises:
        ProtocolError: the slug belongs to another protocol, the images cannot be chosen, or an explanation
            has not been generated yet. Nothing is stored then.
    """
    protocol = file.protocol
    study, created = Study.objects.get_or_create(
        slug=protocol.slug,
        defaults={
            "title": protocol.title,
            "protocol": file.text,
            "protocol_sha256": file.sha256,
            "seed": protocol.seed,
        },
    )
    if created:
        positions = {phase.value: count(1) for phase in Phase}
        for images in select_images(protocol):
            _store_feature(study, protocol, images, next(positions[images.phase]))
    elif study.protocol_sha256 != file.sha256:
        raise ProtocolError(
            f"The study {protocol.slug!r} exists already with another protocol (SHA-256 {study.protocol_sha256[:12]}); "
            "give this one another `slug`, because a study does not change once it stands."
        )
    return study, created


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
                f"the pool {ranked.image.pool.name!r} again, which restores it."
            )


def _accentuation(protocol: Protocol, images: FeatureImages, ranked: RankedImage) -> Stimulus:
    """The generated accentuation of a reference."""
    stimulus = find_stimulus(accentuation_recipe(protocol, images.feature, ranked.image))
    if stimulus is None or not stimulus.path.is_file():
        raise ProtocolError(
            f"The accentuation of {images.feature} on image {ranked.image.sha256[:12]} has not been generated; "
            "run generate_stimuli with this protocol first."
        )
    words = flags(stimulus, protocol.stimuli.quality)
    if words:
        raise ProtocolError(
            f"{stimulus.describe()} breaks the bounds of [stimuli.quality]: {'; '.join(words)}; change how "
            "it is made, the feature, or the bounds."
        )
    return stimulus

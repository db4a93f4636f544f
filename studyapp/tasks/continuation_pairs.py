"""What the tasks on graded accentuations share: finding the pair of a trial, and what the export says of it."""

from collections import defaultdict

from studyapp.assignment import Cell
from studyapp.models import ContinuationPair, Study, StudyFeature, Trial
from studyapp.tasks.task import Choice, Choices, FindPair


def pair_of_the_batch(study: Study) -> FindPair:
    """A feature's seed images are dealt to its batches in turn; difficulties do not apply."""
    pairs: dict[int, list[ContinuationPair]] = defaultdict(list)
    for pair in ContinuationPair.objects.filter(study_feature__study=study).order_by("number"):
        pairs[pair.study_feature_id].append(pair)

    def find(feature: StudyFeature, cell: Cell) -> ContinuationPair:
        of_feature = pairs[feature.pk]
        return of_feature[(cell.batch - 1) % len(of_feature)]

    return find


def continued(trial: Trial) -> ContinuationPair:
    """The pair that the trial asks about."""
    pair = trial.continuation_pair
    assert pair is not None
    return pair


def with_foil(trial: Trial, right: Choice) -> Choices:
    """The right choice and the foil as the export tells them.

    How strongly the foil activates the trial's own feature was not measured.
    """
    foil = continued(trial).foil
    return Choices(right, Choice(foil.sha256), foil_feature=foil.feature.name)

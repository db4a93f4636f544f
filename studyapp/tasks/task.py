"""What a task must say of itself: the interface that pages, storage and export know."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.columns import BROWSER_FIELDS, Column
from stimuli.models import SourceImage, Stimulus
from studyapp.assignment import Cell
from studyapp.explanations import Wording, wording
from studyapp.models import ContinuationPair, QueryPair, Study, StudyFeature, Trial
from studyapp.panels import Panel
from studyapp.tasks.data import Value, sifted

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Image = SourceImage | Stimulus
Pair = QueryPair | ContinuationPair
FindPair = Callable[[StudyFeature, Cell], Pair]


@dataclass(frozen=True)
class Choice:
    """One of the two images between which a participant chooses, as the export tells it.

    ``activation`` and ``rank`` are those of the trial's feature; None where they are not known.
    """

    sha256: str
    activation: float | None = None
    rank: int | None = None

    @classmethod
    def of(cls, stimulus: Stimulus) -> "Choice":
        """A generated image of the trial's own feature."""
        return cls(stimulus.sha256, stimulus.activation_after, stimulus.rank_after)


@dataclass(frozen=True)
class Choices:
    """Both images of a trial, and what tells them apart."""

    right: Choice
    wrong: Choice
    difficulty: str = ""
    foil_feature: str = ""


class Task(ABC):
    """One kind of question.

    Attributes:
        name: as protocols and exports write it.
        question: the sentence above the two choices; translatable.
        template: of the trial's page.
        fields: the data that the browser sends with an answer.
        shows_references: whether the evidence is the reference panels, whose order is drawn for each trial.
        asks_about_queries: whether the choices are query pairs, and not accentuations of a seed.
    """

    name: ClassVar[str]
    question: "ClassVar[StrOrPromise]"
    template: ClassVar[str] = "studyapp/tasks/held_out.html"
    fields: ClassVar[tuple[Column, ...]] = BROWSER_FIELDS
    shows_references: ClassVar[bool] = True
    asks_about_queries: ClassVar[bool] = True

    @abstractmethod
    def pairs(self, study: Study) -> FindPair:
        """What finds the pair that a trial on a feature in a cell asks about; all pairs of the study are read once."""

    @abstractmethod
    def panels(self, trial: Trial) -> list[Panel]:
        """The evidence from left to right; empty where the trial shows none."""

    @abstractmethod
    def image(self, trial: Trial, slot: str) -> Image | None:
        """What stands in a slot: ``left``, ``right``, or one of the panels; None for one that the trial lacks."""

    @abstractmethod
    def choices(self, trial: Trial) -> Choices:
        """What the export says of the two images."""

    def wording(self, trial: Trial) -> Wording:
        """What the page says of the evidence."""
        return wording(trial.condition, trial.participant.study.plan)

    def data_of(self, sent: object) -> dict[str, Value]:
        """The data of an answer, of whatever the browser sent: the values that fit their fields."""
        return sifted(self.fields, sent)

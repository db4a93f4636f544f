"""The protocol file: one TOML file from which a whole study is made.

Plain data without Django or torch, so that every reader of the file shares one definition.
``read_protocol`` is the border: what passes it is trusted inside.
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)


def _text(value: str) -> str:
    if "\0" in value or not value.strip():
        raise ValueError("there must be text, without NUL characters, which the database cannot hold")
    return value


def _slug(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value) or len(value) > 50:
        raise ValueError("only lower-case letters, digits and single hyphens between them are possible, at most 50")
    return value


def _feature(value: str) -> str:
    if not re.fullmatch(r"[^\s\0]+", value) or len(value) > 200:
        raise ValueError("a name without spaces is needed, at most 200 characters long")
    return value


def _difficulty(value: object) -> str | float:
    if value == "easy":
        return "easy"
    if isinstance(value, int | float) and not isinstance(value, bool) and 50 < value < 100:
        return float(value)
    raise ValueError('"easy" or a percentile above 50 and below 100 is needed, such as 95')


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,49}", value):
        raise ValueError("lower-case letters, digits and underscores are possible, at most 50, a letter first")
    return value


def _parameter(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", value):
        raise ValueError("the name of a parameter of an address is needed, such as PROLIFIC_PID")
    return value


def _address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s<>\"]{1,1900}", value):
        raise ValueError("an address that begins with https:// is needed")
    return value


Slug = Annotated[str, AfterValidator(_slug)]
TaskName = Annotated[str, AfterValidator(_name)]
QuestionName = Annotated[str, AfterValidator(_name)]
Parameter = Annotated[str, AfterValidator(_parameter)]
Address = Annotated[str, AfterValidator(_address)]
Words = Annotated[str, AfterValidator(_text)]
FeatureName = Annotated[str, AfterValidator(_feature)]
Condition = Literal["none", "exemplars", "attribution", "visualization", "accentuation", "suppression"]
MAX_STEPS = 10  # of a scale, between its ends
CHANCE = "chance"  # the second of a hypothesis about one condition alone
# How far apart the two queries are: just inside the references, or the percentile of the strong one.
Difficulty = Annotated[Literal["easy"] | float, BeforeValidator(_difficulty)]
Width = Annotated[int, Field(ge=32, le=4096)]


# What else a protocol must keep to, a sentence for each problem. The study site adds that it has the task: which tasks
# there are is known there, while a protocol can be read without it, as the analysis does.
further_checks: "list[Callable[[Protocol], Iterable[str]]]" = []


class ProtocolError(ValueError):
    """The protocol cannot be used as it stands; the message says what to mend, one sentence a line."""


class Table(BaseModel):
    """A table of the file: a key that is not known is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class AccentuationTable(Table):
    """``[stimuli.accentuation]``: how accentuations are made. Absent keys take the library's defaults."""

    steps: Annotated[int, Field(ge=2, le=10_000)] = 100
    crops: Annotated[int, Field(ge=1, le=256)] = 16
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    regularization: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    regularization_layer: FeatureName | None = None
    mask_percentile: Annotated[float, Field(gt=0, le=100)] = 99.0


class AttributionTable(Table):
    """``[stimuli.attribution]``: how attribution maps are made and shown."""

    method: Literal["grad_cam", "integrated_gradients", "gradient_x_input", "smooth_grad"] = "grad_cam"
    layer: FeatureName | None = None
    opacity: Annotated[float, Field(gt=0, le=1)] = 0.6

    @model_validator(mode="after")
    def only_grad_cam_has_a_layer(self) -> "AttributionTable":
        """A layer that would play no part is a misunderstanding."""
        if self.layer is not None and self.method != "grad_cam":
            raise ValueError("`layer` belongs to the method grad_cam only; remove it or take that method")
        return self


class VisualizationTable(Table):
    """``[stimuli.visualization]``: how pictures are made from noise. Absent keys take the library's defaults."""

    steps: Annotated[int, Field(ge=2, le=10_000)] = 100
    crops: Annotated[int, Field(ge=1, le=256)] = 16
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    images: Annotated[int, Field(ge=1, le=10_000)] = 64


class ContinuationTable(Table):
    """``[stimuli.continuation]``: how far graded accentuations go, in percentiles of the natural images."""

    weak: Annotated[float, Field(gt=0, lt=100)] = 90.0
    strong: Annotated[float, Field(gt=0, le=100)] = 99.0
    seeds: Annotated[int, Field(ge=1, le=9)] = 1

    @model_validator(mode="after")
    def weak_is_below_strong(self) -> "ContinuationTable":
        """The strong accentuation continues the weak one."""
        if self.weak >= self.strong:
            raise ValueError("`weak` must be less than `strong`")
        return self


class FilesTable(Table):
    """``[stimuli.files]``: how generated images are kept, and in which sizes browsers get all images of the study."""

    format: Literal["png", "webp"] = "png"
    widths: Annotated[tuple[Width, ...], Field(max_length=6, strict=False)] = ()

    @field_validator("widths")
    @classmethod
    def widths_are_named_once(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        """No width stands twice; the order plays no part."""
        if len(set(value)) < len(value):
            raise ValueError("each width may be named once")
        return tuple(sorted(value))


class QualityTable(Table):
    """``[stimuli.quality]``: what every generated image must keep to. An absent key asks nothing."""

    min_gain: Annotated[float | None, Field(allow_inf_nan=False)] = None
    max_rank: Annotated[int | None, Field(ge=1)] = None
    max_distance: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    min_ssim: Annotated[float | None, Field(ge=-1, le=1)] = None
    max_saturation: Annotated[float | None, Field(ge=0, le=1)] = None


class StimuliTable(Table):
    """``[stimuli]``: which features of which network, on which images."""

    model: Words
    weights: Words | None = None
    pool: Slug
    features: Annotated[tuple[FeatureName, ...], Field(min_length=1, strict=False)]
    practice_features: Annotated[tuple[FeatureName, ...], Field(min_length=1, strict=False)]
    catch_features: Annotated[tuple[FeatureName, ...], Field(strict=False)] = ()
    references: Annotated[int, Field(ge=1, le=9)] = 9
    weak_references: Annotated[int, Field(ge=0, le=9)] = 0
    batches: Annotated[int, Field(ge=1, le=20)] = 1
    difficulties: Annotated[tuple[Difficulty, ...], Field(min_length=1, strict=False)] = ("easy",)
    accentuation: AccentuationTable = AccentuationTable()
    attribution: AttributionTable = AttributionTable()
    visualization: VisualizationTable = VisualizationTable()
    continuation: ContinuationTable | None = None
    files: FilesTable = FilesTable()
    quality: QualityTable = QualityTable()

    @field_validator("difficulties")
    @classmethod
    def difficulties_are_named_once(cls, value: tuple[Difficulty, ...]) -> tuple[Difficulty, ...]:
        """No difficulty stands twice."""
        if len(set(value)) < len(value):
            raise ValueError("each difficulty may be named once")
        return value

    @property
    def all_features(self) -> tuple[str, ...]:
        """The features of all trials: main, practice and catch."""
        return (*self.features, *self.practice_features, *self.catch_features)

    @model_validator(mode="after")
    def features_are_named_once(self) -> "StimuliTable":
        """No feature is asked about twice."""
        names = self.all_features
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                "each may be named once in `features`, `practice_features` and `catch_features` together: "
                f"{', '.join(twice)}"
            )
        return self


def difficulty_name(difficulty: Difficulty) -> str:
    """How records and exports write a difficulty: ``easy``, ``95``, ``97.5``."""
    return difficulty if isinstance(difficulty, str) else repr(difficulty).removesuffix(".0")


class DeviceTable(Table):
    """``[device]``: what a participant's screen must offer, in CSS pixels of the window."""

    min_width: Annotated[int, Field(ge=0, le=4000)] = 0
    min_height: Annotated[int, Field(ge=0, le=4000)] = 0
    allow_touch_only: bool = True


class TrialsTable(Table):
    """``[trials]``: what is asked, under which conditions, in which blocks."""

    task: TaskName = "held_out"
    conditions: Annotated[tuple[Condition, ...], Field(min_length=1, strict=False)]
    design: Literal["within", "between"] = "within"
    block_size: Annotated[int | None, Field(ge=1)] = None
    break_text: Words | None = None
    feedback: bool = False

    @field_validator("conditions")
    @classmethod
    def conditions_are_named_once(cls, value: tuple[Condition, ...]) -> tuple[Condition, ...]:
        """No condition stands twice."""
        if len(set(value)) < len(value):
            raise ValueError("each condition may be named once")
        return value


class ConsentTable(Table):
    """``[consent]``: the text a participant agrees to. Paragraphs are separated by blank lines."""

    version: Words
    text: Words
    on_withdrawal: Literal["delete", "keep"] = "delete"


class QuestionTable(Table):
    """One of a questionnaire's ``questions``: what is asked, and which answers there are."""

    name: QuestionName
    label: Words
    kind: Literal["number", "choice", "text", "scale"]
    required: bool = True
    integer: bool = False
    choices: Annotated[tuple[Words, ...], Field(strict=False)] = ()
    min: float | None = None
    max: float | None = None
    low_label: Words | None = None
    high_label: Words | None = None

    @model_validator(mode="after")
    def answers_fit_the_kind(self) -> "QuestionTable":
        """Choices belong to a choice, ends to a number, and a scale has both ends."""
        if (self.kind == "choice") is (len(self.choices) < 2):
            raise ValueError("two or more `choices` belong to the kind `choice`, and to no other")
        if self.kind not in ("number", "scale") and (self.min is not None or self.max is not None):
            raise ValueError("`min` and `max` belong to the kinds `number` and `scale`")
        if self.kind != "number" and self.integer:
            raise ValueError("`integer` belongs to the kind `number`; the steps of a scale are whole already")
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError("`min` must be less than `max`")
        ends = (self.min, self.max)
        if self.kind == "scale" and not all(end is not None and end == int(end) for end in ends):
            raise ValueError("a scale needs whole numbers as `min` and `max`")
        if self.kind == "scale" and self.max is not None and self.min is not None and self.max - self.min > MAX_STEPS:
            raise ValueError(f"a scale has at most {MAX_STEPS + 1} steps")
        if self.kind != "scale" and (self.low_label or self.high_label):
            raise ValueError("`low_label` and `high_label` belong to the kind `scale`")
        return self


class QuestionnaireTable(Table):
    """``[questionnaire_before]`` and ``[questionnaire_after]``: a page of questions before and after the trials."""

    title: Words
    text: Words | None = None
    questions: Annotated[tuple[QuestionTable, ...], Field(min_length=1, strict=False)]

    @field_validator("questions")
    @classmethod
    def questions_are_named_once(cls, value: tuple[QuestionTable, ...]) -> tuple[QuestionTable, ...]:
        """No two questions have one name."""
        if len({question.name for question in value}) < len(value):
            raise ValueError("each question needs a `name` of its own")
        return value


class InstructionsTable(Table):
    """``[instructions]``: what the participant reads before practice."""

    text: Words


class QuizQuestionTable(Table):
    """One of ``[quiz] questions``: a question about the instructions, and which of its choices is right."""

    question: Words
    choices: Annotated[tuple[Words, ...], Field(min_length=2, strict=False)]
    answer: Words

    @model_validator(mode="after")
    def the_answer_is_a_choice(self) -> "QuizQuestionTable":
        """The right answer can be given, and is one."""
        if self.choices.count(self.answer) != 1 or len(set(self.choices)) < len(self.choices):
            raise ValueError("`answer` must be one of `choices`, and each choice stand once")
        return self


class QuizTable(Table):
    """``[quiz]``: whether the instructions were understood; all questions must be answered rightly at once."""

    questions: Annotated[tuple[QuizQuestionTable, ...], Field(min_length=1, strict=False)]
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 3


class PracticeTable(Table):
    """``[practice]``: when practice is passed. Without ``min_correct`` one round passes whatever was answered."""

    min_correct: Annotated[int | None, Field(ge=1)] = None
    max_rounds: Annotated[int, Field(ge=1, le=20)] = 3
    on_failure: Literal["continue", "screen_out"] = "screen_out"


class DebriefingTable(Table):
    """``[debriefing]``: what the participant reads after the last answer, on a page of its own."""

    text: Words


class CompletionTable(Table):
    """``[completion]``: what the participant reads at the end, above the completion code."""

    text: Words


class RecruitmentTable(Table):
    """``[recruitment]``: where participants come from, how many, and where they go afterwards."""

    source: Literal["open", "prolific", "sona", "generic"] = "open"
    participant_parameter: Parameter | None = None
    session_parameter: Parameter | None = None
    quota: Annotated[int | None, Field(ge=1)] = None
    abandoned_after_min: Annotated[int, Field(ge=1, le=100_000)] = 120
    returning: Literal["resume", "refuse"] = "resume"
    completion_url: Address | None = None
    screen_out_url: Address | None = None
    quota_url: Address | None = None
    declined_url: Address | None = None
    withdrawn_url: Address | None = None
    jwks_url: Address | None = None
    audience: Words | None = None

    @property
    def code_is_handed_in(self) -> bool:
        """Whether participants may have to hand in their own completion code; a panel may have a code for everybody."""
        return self.completion_url is None or "{code}" in self.completion_url

    @model_validator(mode="after")
    def parameters_belong_to_the_source(self) -> "RecruitmentTable":
        """A panel of one's own says how it names participants; the known ones are known."""
        if (self.source == "generic") is (self.participant_parameter is None):
            raise ValueError('a `participant_parameter` belongs to the source "generic", and to no other')
        if self.session_parameter is not None and self.source != "generic":
            raise ValueError('a `session_parameter` belongs to the source "generic"')
        if self.jwks_url is not None and self.source != "prolific":
            raise ValueError('a `jwks_url` belongs to the source "prolific"')
        if self.audience is not None and self.jwks_url is None:
            raise ValueError("an `audience` belongs to a `jwks_url`")
        return self


class HypothesisTable(Table):
    """One of ``[analysis] hypotheses``: what is claimed of a condition against another one, or against chance."""

    name: Words
    first: Words
    second: Words
    claim: Literal["greater", "different", "equivalent"] = "greater"
    margin: Annotated[float | None, Field(gt=0, lt=1)] = None

    @model_validator(mode="after")
    def margin_belongs_to_equivalence(self) -> "HypothesisTable":
        """Equivalence is nothing without a margin, and only equivalence has one."""
        if (self.claim == "equivalent") is (self.margin is None):
            raise ValueError("a `margin`, such as 0.05, belongs to the claim `equivalent` and to no other")
        if self.first == self.second or self.first == CHANCE:
            raise ValueError('`first` must be a condition, and `second` another one or "chance"')
        return self


class ExclusionsTable(Table):
    """``[analysis.exclusions]``: whose answers are left out. An absent key leaves nobody out."""

    min_catch_accuracy: Annotated[float | None, Field(gt=0, le=1)] = None
    min_side_choices: Annotated[int | None, Field(ge=1)] = None
    min_instructions_s: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = None
    max_practice_rounds: Annotated[int | None, Field(ge=1)] = None
    min_total_s: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    max_total_s: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = None

    @model_validator(mode="after")
    def some_time_is_neither_too_short_nor_too_long(self) -> "ExclusionsTable":
        """Bounds that cross would exclude everybody."""
        if self.min_total_s is not None and self.max_total_s is not None and self.min_total_s >= self.max_total_s:
            raise ValueError("`min_total_s` must be less than `max_total_s`")
        return self


class AnalysisTable(Table):
    """``[analysis]``: the plan, written before there are data. Without hypotheses everything is exploratory."""

    hypotheses: Annotated[tuple[HypothesisTable, ...], Field(strict=False)] = ()
    main_test: Literal["mixed_model", "sign_flip", "t", "wilcoxon"] = "mixed_model"
    random_effects: Literal["slopes", "intercepts"] = "slopes"
    participant_test: Literal["sign_flip", "t", "wilcoxon"] = "sign_flip"
    alpha: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    participants: Annotated[int | None, Field(ge=2)] = None
    min_rt_ms: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    max_rt_ms: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = None
    exclusions: ExclusionsTable = ExclusionsTable()

    @field_validator("hypotheses")
    @classmethod
    def hypotheses_are_named_once(cls, value: tuple[HypothesisTable, ...]) -> tuple[HypothesisTable, ...]:
        """No two hypotheses have one name."""
        if len({hypothesis.name for hypothesis in value}) < len(value):
            raise ValueError("each hypothesis needs a `name` of its own")
        return value

    @model_validator(mode="after")
    def some_response_time_is_described(self) -> "AnalysisTable":
        """Bounds that cross would leave out every answer."""
        if self.min_rt_ms is not None and self.max_rt_ms is not None and self.min_rt_ms >= self.max_rt_ms:
            raise ValueError("`min_rt_ms` must be less than `max_rt_ms`")
        return self


class Protocol(Table):
    """A whole study."""

    slug: Slug
    title: Words
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    language: Literal["en", "de"] = "en"
    stimuli: StimuliTable
    trials: TrialsTable
    device: DeviceTable = DeviceTable()
    consent: ConsentTable
    questionnaire_before: QuestionnaireTable | None = None
    instructions: InstructionsTable
    quiz: QuizTable | None = None
    practice: PracticeTable = PracticeTable()
    questionnaire_after: QuestionnaireTable | None = None
    debriefing: DebriefingTable | None = None
    completion: CompletionTable
    recruitment: RecruitmentTable = RecruitmentTable()
    analysis: AnalysisTable = AnalysisTable()

    @model_validator(mode="after")
    def tasks_have_their_stimuli(self) -> "Protocol":
        """What a task shows is made, and the conditions are ones that it can show."""
        task, stimuli = self.trials.task, self.stimuli
        if task in ("continuation", "transfer") and stimuli.continuation is None:
            raise ValueError(f"the task {task} needs the table [stimuli.continuation], whose images it shows")
        if task in ("continuation", "transfer") and stimuli.difficulties != ("easy",):
            raise ValueError(
                f"the task {task} asks about accentuations, not about pairs of photographs, and has no `difficulties`; "
                "leave the key out (how far its images go is set in [stimuli.continuation])"
            )
        if task == "continuation" and not set(self.trials.conditions) <= {"none", "accentuation"}:
            raise ValueError(
                "the task continuation shows a seed and its weak accentuation, so its `conditions` can only be "
                "accentuation, and none, in which the weak accentuation is not shown"
            )
        if stimuli.catch_features and set(self.trials.conditions) == {"none"}:
            raise ValueError("a catch trial shows a reference again, so `catch_features` need a condition besides none")
        return self

    @model_validator(mode="after")
    def practice_can_be_passed(self) -> "Protocol":
        """No more right answers are asked than there are trials."""
        wanted, trials = self.practice.min_correct, len(self.stimuli.practice_features)
        if wanted is not None and wanted > trials:
            raise ValueError(f"`practice.min_correct` is {wanted}, but a round of practice has {trials} trials")
        return self

    @model_validator(mode="after")
    def hypotheses_are_about_conditions_of_the_study(self) -> "Protocol":
        """What is not shown cannot be compared."""
        known = {*self.trials.conditions, CHANCE}
        named = {name for hypothesis in self.analysis.hypotheses for name in (hypothesis.first, hypothesis.second)}
        if named - known:
            told = ", ".join(sorted(named - known))
            raise ValueError(f"`analysis.hypotheses` name what is not in `trials.conditions`: {told}")
        return self

    @model_validator(mode="after")
    def equivalence_can_be_tested(self) -> "Protocol":
        """Two conditions that nobody meets both cannot be compared within participants."""
        if self.trials.design == "between":
            wrong = [row.name for row in self.analysis.hypotheses if row.claim == "equivalent" and row.second != CHANCE]
            if wrong:
                raise ValueError(
                    "the equivalence of two conditions is tested within participants, which `trials.design` = "
                    f'"between" does not allow; take "within" or another claim for: {", ".join(wrong)}'
                )
        return self


@dataclass(frozen=True)
class ProtocolFile:
    """A protocol with the text it was read from, which is stored with the study."""

    protocol: Protocol
    text: str
    sha256: str


def read_protocol(path: Path) -> ProtocolFile:
    """Read and validate a protocol file.

    Raises:
        ProtocolError: the file cannot be read, is not TOML, or a key is missing, unknown or out of range.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")  # some editors begin a file with a byte order mark
    except OSError as error:
        raise ProtocolError(f"The protocol {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ProtocolError(f"The protocol {path} is not UTF-8 text.") from error
    return ProtocolFile(parse_protocol(text, name=str(path)), text, hashlib.sha256(data).hexdigest())


def parse_protocol(text: str, *, name: str = "protocol") -> Protocol:
    """Validate the text of a protocol file; ``name`` stands in the error messages.

    Raises:
        ProtocolError: as for :func:`read_protocol`.
    """
    try:
        table = tomllib.loads(text)
    except RecursionError as error:
        raise ProtocolError(f"{name} is not a protocol: its values are nested too deeply.") from error
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{name} is not valid TOML: {error}.") from error
    except ValueError as error:  # what Python says of an integer of thousands of digits
        raise ProtocolError(f"{name} is not a protocol: a number in it has thousands of digits.") from error
    try:
        protocol = Protocol.model_validate(table)
    except ValidationError as error:
        raise ProtocolError("\n".join(f"{name}: {line}" for line in _sentences(error))) from error
    problems = [f"{name}: {sentence}" for check in further_checks for sentence in check(protocol)]
    if problems:
        raise ProtocolError("\n".join(problems))
    return protocol


# What the validator says in the terms of Python, in the terms of TOML.
_PLAIN = {
    "model_type": "this must be a table",
    "tuple_type": "this must be a list",
    "too_short": "this list must not be empty",
    "int_type": "this must be a whole number",
    "float_type": "this must be a number",
    "string_type": "this must be text in quotation marks",
}

# Long enough for any value that is nearly right.
_MAX_FOUND = 200


def _sentences(error: ValidationError) -> list[str]:
    """One line for each problem: the key as TOML writes it, then what is wrong with it."""
    lines = []
    problems = error.errors()
    places = [problem["loc"] for problem in problems]
    for problem in problems:
        loc = problem["loc"]
        # A list with a bad entry is also called too short; the line of the entry says it.
        if any(len(place) > len(loc) and place[: len(loc)] == loc for place in places):
            continue
        key = ".".join(str(part) for part in loc) or "the file"
        if problem["type"] == "extra_forbidden":
            lines.append(f"`{key}` is not a known key; check its spelling or remove it.")
        elif problem["type"] == "missing":
            lines.append(f"`{key}` is missing; add it.")
        else:
            message = _PLAIN.get(problem["type"], problem["msg"].removeprefix("Value error, "))
            lines.append(f"`{key}`: {message}{_found(problem['input'])}.")
    return lines


def _found(value: object) -> str:
    """What stands in the file, unless it would bury the sentence: a whole table, a page of text, a huge number."""
    if isinstance(value, dict) or (isinstance(value, int) and value.bit_length() > _MAX_FOUND):
        return ""
    text = repr(value)
    return f" (found {text})" if len(text) <= _MAX_FOUND else ""

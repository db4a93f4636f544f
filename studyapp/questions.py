"""The protocol's questions as forms: what stands in them is valid, or is said beside the field and nothing is lost."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from stimuli.protocol import QuestionnaireTable, QuestionTable, QuizTable

MAX_LETTERS = 2000
# From so many steps on the words for the ends of a scale stand below it, where they leave it the whole width.
LONG_SCALE = 8
# Stands before the name of a question, which may be that of something every form has: of a property, such as `action`,
# which a script would then not find, or of the field that proves where the form comes from.
PREFIX = "answer"
# Beyond it a whole number is none any more once a browser or a statistics program has read it.
MAX_WHOLE = 2**53


class NumberField(forms.FloatField):
    """A number, whole where it was written so, with a comma or a point as the language has it.

    With ``integer`` no other one is taken.
    """

    def __init__(self, *, integer: bool, **options: Any) -> None:
        self.integer = integer
        # Localized: a text field, so that what is no number is still there to be mended when the page comes back.
        super().__init__(localize=True, **options)

    def clean(self, value: Any) -> Any:
        """Give an ``int`` where nothing stands behind the point."""
        number = super().clean(value)
        if number is None:
            return None
        if self.integer and number != int(number):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return int(number) if number == int(number) and abs(number) < MAX_WHOLE else number


class LongTextField(forms.CharField):
    """Free text; a line break is one letter, as it is for who types it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_LETTERS, widget=forms.Textarea(attrs={"rows": 4}), **options)

    def to_python(self, value: Any) -> str | None:
        """Read line breaks as browsers show them, not as they send them."""
        return super().to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Without a `maxlength`: a browser would cut off a pasted text without a word."""
        return {}


class RadioField(forms.TypedChoiceField):
    """One of several answers, all in sight; those of a scale stand in a row between the words for its ends.

    ``ends`` says what the ends of a scale mean to those who hear its steps one by one.
    """

    is_scale = False
    is_long = False
    low_label = ""
    high_label = ""
    ends = ""


class QuestionsForm(forms.Form):
    """Questions as fields of their names, each with the errors beside it."""

    def __init__(self, fields: dict[str, forms.Field], data: Any = None, prefix: str | None = None) -> None:
        super().__init__(data, prefix=prefix)
        self.fields.update(fields)


def questionnaire_form(table: QuestionnaireTable, data: Any = None) -> QuestionsForm:
    """The form of a page of questions; its cleaned data are the answers, null for one that was left out."""
    return QuestionsForm({question.name: _field(question) for question in table.questions}, data, PREFIX)


def questionnaire_answers(form: QuestionsForm) -> dict[str, Any]:
    """What a valid form holds, as it is stored."""
    return {name: None if value == "" else value for name, value in form.cleaned_data.items()}


def quiz_form(table: QuizTable, data: Any = None) -> QuestionsForm:
    """The form of the quiz. Which answer is right stands nowhere in it."""
    fields: dict[str, forms.Field] = {
        f"question_{number}": _radios(question.question, [(choice, choice) for choice in question.choices])
        for number, question in enumerate(table.questions, start=1)
    }
    return QuestionsForm(fields, data)


def quiz_choices(form: QuestionsForm) -> list[str]:
    """The choices of a valid form, in the order of the questions."""
    return [form.cleaned_data[name] for name in form.fields]


def _field(question: QuestionTable) -> forms.Field:
    options: dict[str, Any] = {"label": question.label, "required": question.required}
    match question.kind:
        case "number":
            return _number(question, options)
        case "text":
            return LongTextField(**options, error_messages={"required": _("Please write something here.")})
        case "choice":
            return _radios(question.label, [(one, one) for one in question.choices], required=question.required)
        case "scale":
            return _scale(question)


def _number(question: QuestionTable, options: dict[str, Any]) -> NumberField:
    wrong = _range(question)
    messages = {"required": wrong, "invalid": wrong, "min_value": wrong, "max_value": wrong}
    field = NumberField(
        integer=question.integer, **options, min_value=question.min, max_value=question.max, error_messages=messages
    )
    field.widget.attrs |= {"inputmode": "numeric" if question.integer else "decimal", "autocomplete": "off"}
    return field


def _range(question: QuestionTable) -> Any:
    """What a number must be, in one sentence."""
    low, high = (None if end is None else _in_full(end) for end in (question.min, question.max))
    if question.integer:
        return _whole_range(low, high)
    if low is not None and high is not None:
        return _("Please enter a number from %(low)s to %(high)s.") % {"low": low, "high": high}
    if low is not None:
        return _("Please enter a number, at least %(low)s.") % {"low": low}
    if high is not None:
        return _("Please enter a number, at most %(high)s.") % {"high": high}
    return _("Please enter a number.")


def _whole_range(low: str | None, high: str | None) -> Any:
    if low is not None and high is not None:
        return _("Please enter a whole number from %(low)s to %(high)s.") % {"low": low, "high": high}
    if low is not None:
        return _("Please enter a whole number, at least %(low)s.") % {"low": low}
    if high is not None:
        return _("Please enter a whole number, at most %(high)s.") % {"high": high}
    return _("Please enter a whole number.")


def _in_full(number: float) -> str:
    """As people write it: never with an exponent."""
    return number_format(Decimal(str(number)).normalize())


def _scale(question: QuestionTable) -> RadioField:
    assert question.min is not None
    assert question.max is not None
    steps = [(step, str(step)) for step in range(int(question.min), int(question.max) + 1)]
    field = _radios(question.label, steps, required=question.required)
    field.is_scale, field.is_long = True, len(steps) >= LONG_SCALE
    field.low_label, field.high_label = question.low_label or "", question.high_label or ""
    ends = ((steps[0][1], field.low_label), (steps[-1][1], field.high_label))
    field.ends = ", ".join(f"{step}: {label}" for step, label in ends if label)
    return field


def _radios(label: str, choices: Sequence[tuple[Any, str]], *, required: bool = True) -> RadioField:
    """An answer that was once chosen can be taken back only where there is one that says nothing."""
    kind: Callable[[Any], Any] = type(choices[0][0])
    nothing = [] if required else [("", _("No answer"))]
    return RadioField(
        label=label,
        required=required,
        choices=[*choices, *nothing],
        coerce=kind,
        empty_value=None,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose an answer."), "invalid_choice": _("Please choose an answer.")},
    )

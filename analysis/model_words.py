"""What may be said of the mixed model: its random effects, and about whom its contrasts speak because of them."""

from analysis.absence import Absent
from analysis.mixed_model import UNITS, MixedModel
from analysis.results import Results


def random_effects(model: MixedModel | Absent) -> str:
    """The random effects as they continue "a logistic mixed model with"."""
    told = "crossed random intercepts of participants and features"
    slopes = _varying(model)
    return f"{told} and of conditions within {_listed(slopes)}" if slopes else told


def reach(results: Results) -> str:
    """About whom contrasts of the model speak, in sentences; empty where there is no contrast.

    A condition that helps some units more than others makes the same answers of a unit alike. A model that does not
    know this takes what is true of its units for what is true of all.
    """
    if isinstance(results.model, Absent) or not results.model.contrasts:
        return ""
    crossed = [unit for unit in UNITS if _conditions_vary_within(unit, results)]
    alike = [unit for unit in crossed if unit not in _varying(results.model)]
    if not alike:
        return (
            "The random effects of the mixed model let conditions help some participants and features more than "
            "others wherever these met several conditions, so that its contrasts speak about further participants and "
            "further features."
        )
    told = (
        f"The random effects of the mixed model take a condition to help every {' and every '.join(alike)} alike. Its "
        f"contrasts therefore do not speak about further {' or further '.join(f'{unit}s' for unit in alike)}, and find "
        "too much where the effect differs among them."
    )
    rest = [unit for unit in UNITS if unit not in alike]
    return f"{told} They speak about further {rest[0]}s." if rest else told


def singular_fit(model: MixedModel | Absent) -> tuple[str, ...]:
    """The sentence on random effects that were estimated as none at all, if there are any."""
    if isinstance(model, Absent) or not model.singular:
        return ()
    named = f"effect{'' if len(model.singular) == 1 else 's'} of {', '.join(model.singular)}"
    return (f"Singular fit of the mixed model: its random {named} had no spread, or next to none.",)


def _varying(model: MixedModel | Absent) -> tuple[str, ...]:
    """The units among which the model lets the effect of a condition differ."""
    return () if isinstance(model, Absent) else model.varying


def _conditions_vary_within(unit: str, results: Results) -> bool:
    return bool((results.selection.analysed.groupby(unit)["condition"].nunique() > 1).any())


def _listed(units: tuple[str, ...]) -> str:
    return " and ".join(f"{unit}s" for unit in units)

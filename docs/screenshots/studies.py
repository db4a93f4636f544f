"""The studies that show what the demo cannot: its own protocol, with some tables changed and most left out."""

import re
from pathlib import Path

DEMO = Path(__file__).resolve().parents[2] / "studyapp" / "protocols" / "demo.toml"
PRACTICE = ["blocks.4.2:channel=29"]
FEATURES = ["blocks.4.2:channel=3", "blocks.4.2:channel=28"]
# Nothing between the consent and the trials, and nothing after them.
LEFT_OUT = ("questionnaire_before", "quiz", "practice", "questionnaire_after", "debriefing")
PLAIN = '[trials]\nconditions = ["exemplars"]\n'


def _stimuli(*, references: int = 3, practice: list[str] = PRACTICE, features: list[str] = FEATURES) -> str:
    # A list of strings is written in TOML as in JSON, and as here once its quotes are double.
    names = f"practice_features = {practice}\nfeatures = {features}".replace("'", '"')
    return f'[stimuli]\nmodel = "efficientnet_lite0"\npool = "built-in"\nreferences = {references}\n{names}\n'


# The strongest few images of a small pool come from few photographs: six and six are what it has room for.
TWO_PANELS = _stimuli(references=6) + "weak_references = 6\n"
GRADED = "[stimuli.continuation]\nweak = 60\nstrong = 75\n"
PANEL = """
[recruitment]
source = "generic"
participant_parameter = "member"
quota = 1
abandoned_after_min = 1
returning = "refuse"
quota_url = "https://panel.example/full?member={participant}"
"""
# Nothing listens there: the keys of the panel cannot be fetched.
SIGNED = '[recruitment]\nsource = "prolific"\njwks_url = "http://127.0.0.1:1/jwks.json"\n'
KEEPING = 'version = "1"\ntext = "If you withdraw, your answers are kept."\non_withdrawal = "keep"\n'
EXPLAINED = 'conditions = ["none", "attribution", "suppression", "visualization"]\ndesign = "between"\n'

# Of each study the tables that are not the demo's.
STUDIES: dict[str, dict[str, str]] = {
    "panel": {"trials": PLAIN, "recruitment": PANEL, "device": "[device]\nallow_touch_only = false\n"},
    "signed": {"trials": PLAIN, "recruitment": SIGNED},
    "large": {"trials": PLAIN, "device": "[device]\nmin_width = 1600\n"},
    "strict": {
        "stimuli": _stimuli(practice=["blocks.4.2:channel=29", "blocks.5.3:channel=123"]),
        "trials": PLAIN,
        "practice": "[practice]\nmin_correct = 2\nmax_rounds = 2\n",
    },
    "kept": {
        "trials": PLAIN,
        "consent": f"[consent]\n{KEEPING}",
        "recruitment": '[recruitment]\ncompletion_url = "https://panel.example/done?code={code}"\n',
    },
    "nine": {"stimuli": _stimuli(references=9), "trials": PLAIN},
    "two-panels": {"stimuli": TWO_PANELS, "trials": PLAIN},
    "explained": {
        "stimuli": _stimuli(features=FEATURES[:1]),
        "stimuli.visualization": "[stimuli.visualization]\nsteps = 16\ncrops = 4\nlearning_rate = 0.1\n",
        "trials": f"[trials]\n{EXPLAINED}",
    },
    "continuation": {
        "stimuli.continuation": GRADED,
        "trials": '[trials]\ntask = "continuation"\nconditions = ["accentuation"]\n',
    },
    "transfer": {
        "stimuli.continuation": GRADED,
        "trials": '[trials]\ntask = "transfer"\nconditions = ["exemplars"]\n',
    },
}


def protocol(slug: str) -> str:
    """The text of the protocol of one of the studies."""
    own = {name: text for name, text in _tables(DEMO.read_text()).items() if not name.startswith("analysis")}
    own[""] = re.sub(r"(?m)^slug = .*$", f'slug = "{slug}"', own[""])
    short = {name: text for name, text in own.items() if name not in LEFT_OUT}
    return "\n".join((short | {"stimuli": _stimuli()} | STUDIES[slug]).values())


def _tables(text: str) -> dict[str, str]:
    """The text of each table by its name, with the lists of tables that belong to it; that above the first by ""."""
    first, *rest = re.split(r"(?m)^(?=\[\w)", text)
    return {"": first} | {part[1 : part.index("]")]: part for part in rest}

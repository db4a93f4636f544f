"""A two-choice image study in oTree: as many rounds as ours has main trials, one page each, the same fields stored."""

from otree.api import BaseConstants, BaseGroup, BasePlayer, BaseSubsession, Page, models


class C(BaseConstants):
    """What oTree wants to know of an app."""

    NAME_IN_URL = "choice"
    PLAYERS_PER_GROUP = None
    NUM_ROUNDS = 45


class Subsession(BaseSubsession):
    """Nothing of our own."""


class Group(BaseGroup):
    """Nothing of our own."""


class Player(BasePlayer):
    """One answer, as `studyapp.models.Response` holds it."""

    choice = models.StringField(choices=["left", "right"])
    confidence = models.IntegerField(min=1, max=3)
    rt_ms = models.FloatField()


class Choose(Page):
    """Two images, one of which is chosen."""

    form_model = "player"
    form_fields = ["choice", "confidence", "rt_ms"]


page_sequence = [Choose]

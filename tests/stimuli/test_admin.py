"""The records in the admin: all of them can be looked at, none can be changed."""

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from stimuli.apps import StimuliConfig
from stimuli.freezing import freeze
from stimuli.models import FrozenSet, ImagePool, Rendition, UnitSample, VisionModel
from tests.studyapp.world import make_stimuli, make_survey, protocol_file, protocol_text

TABLES = (
    "imagepool",
    "sourceimage",
    "visionmodel",
    "feature",
    "featuresurvey",
    "unitsample",
    "activation",
    "stimulus",
    "rejection",
    "approval",
    "workingplan",
    "frozenset",
    "rendition",
)


@pytest.fixture
def admin(db: None) -> Client:
    make_survey()
    file = protocol_file(protocol_text())
    make_stimuli(file.protocol)
    frozen, _ = freeze(file)
    sha256 = frozen.images.all()[0].sha256
    Rendition.objects.create(original_sha256=sha256, width=32, format="png", sha256=sha256)
    UnitSample.objects.create(
        model=VisionModel.objects.get(), pool=ImagePool.objects.get(), layer="l", seed=1, units=4, dead=0, drawn=[2]
    )
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.create_superuser("ada"))
    return client


def test_no_table_is_left_out() -> None:
    assert set(apps.get_app_config(StimuliConfig.name).models) - set(TABLES) == {
        "frozenset_images",
        "frozenset_stimuli",
        "frozenset_features",
        "workingplan_stimuli",
        "workingplan_superseded",
    }


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_listed_and_none_takes_a_new_row(admin: Client, table: str) -> None:
    assert admin.get(reverse(f"admin:stimuli_{table}_changelist")).status_code == 200
    assert admin.get(reverse(f"admin:stimuli_{table}_add")).status_code == 403


def test_a_frozen_set_is_shown_with_its_protocol_and_counted_members_and_cannot_be_changed(admin: Client) -> None:
    frozen = FrozenSet.objects.get()
    page = admin.get(reverse("admin:stimuli_frozenset_change", args=[frozen.pk]))
    images = frozen.images.count()
    assert f"{images} natural images, 24 stimuli, 6 features" in page.content.decode()
    assert frozen.protocol_sha256 in page.content.decode()
    assert admin.post(reverse("admin:stimuli_frozenset_change", args=[frozen.pk]), {"slug": "x"}).status_code == 403
    assert admin.post(reverse("admin:stimuli_frozenset_delete", args=[frozen.pk]), {"post": "yes"}).status_code == 403
    assert FrozenSet.objects.get().slug == "birds"

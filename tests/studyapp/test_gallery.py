"""``/gallery/``: what staff see of the stimuli, and how they reject them."""

import io
import math
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from stimuli import files
from stimuli.attempts import next_seed
from stimuli.freezing import discard
from stimuli.models import Feature, FrozenSet, Rejection, SourceImage, Stimulus, image_path
from stimuli.recipes import needed_recipes
from stimuli.selection import select_images
from stimuli.working_plans import keep_working_plan
from studyapp.gallery.overview import CARDS
from studyapp.services.rejection import (
    RejectionRefusedError,
    rejection_take_back,
    stimulus_reject,
)
from tests.studyapp.gallery_world import PER_FEATURE, freeze, make_gallery
from tests.studyapp.world import (
    make_stimuli,
    make_study,
    make_survey,
    protocol_file,
    protocol_text,
    write_picture,
)

Kind = Stimulus.Kind


@pytest.fixture
def stimuli(db: None) -> list[Stimulus]:
    return make_gallery()


@pytest.fixture
def staff(db: None) -> Client:
    """May look, and may not reject."""
    return log_in(User.objects.create_user("looker", is_staff=True))


@pytest.fixture
def judge(db: None) -> Client:
    """May look and reject."""
    user = User.objects.create_user("judge", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="add_rejection"))
    return log_in(user)


def log_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(stimulus: Stimulus) -> str:
    return f"/gallery/{stimulus.feature_id}/patterns/"


def html(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def names(page: str) -> list[str]:
    return re.findall(r'class="name"[^>]*>([^<]+)<', page)


def tiles(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'class="tile[^"]*" href="[^"]*" data-stimulus="(\d+)"', page)]


def reject(stimulus: Stimulus, reason: str = "blurred") -> Rejection:
    return stimulus_reject(stimulus=stimulus, reason=reason, by="judge")


def attempt_after(stimulus: Stimulus) -> Stimulus:
    """What generation makes in the place of a rejected stimulus."""
    return Stimulus.objects.create(
        kind=stimulus.kind,
        feature=stimulus.feature,
        pool=stimulus.pool,
        image=stimulus.image,
        config=stimulus.config,
        config_sha256=stimulus.config_sha256,
        seed=next_seed(stimulus.seed),
        activation_before=stimulus.activation_before,
        activation_after=stimulus.activation_after,
        device="cpu",
        sha256=write_picture(4000),
    )


# Access


def test_others_are_led_to_the_login(client: Client, stimuli: list[Stimulus]) -> None:
    addresses = (
        "/gallery/",
        "/gallery/rejections/",
        page_of(stimuli[0]),
        f"/gallery/stimuli/{stimuli[0].pk}/",
        f"/researcher/images/{stimuli[0].sha256}.small.webp",
    )
    for visitor in (client, log_in(User.objects.create_user("somebody"))):
        for address in addresses:
            response = visitor.get(address)
            assert response.status_code == 302
            assert response["Location"].startswith("/admin/login/")
        assert visitor.post(f"/gallery/stimuli/{stimuli[0].pk}/reject/", {"reason": "x"}).status_code == 302
    assert not Rejection.objects.exists()


def test_staff_without_the_permission_look_and_cannot_reject(staff: Client, stimuli: list[Stimulus]) -> None:
    page = html(staff.get(page_of(stimuli[0])))
    assert "Can add rejection" in page
    assert "<textarea" not in page
    reject(stimuli[1])
    for number, act in ((0, "reject"), (1, "take-back")):
        assert staff.post(f"/gallery/stimuli/{stimuli[number].pk}/{act}/", {"reason": "x"}).status_code == 403
    assert Rejection.objects.count() == 1


def test_actions_take_no_request_from_elsewhere(stimuli: list[Stimulus]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("root"))
    assert client.post(f"/gallery/stimuli/{stimuli[0].pk}/reject/", {"reason": "x"}).status_code == 403
    assert client.get(f"/gallery/stimuli/{stimuli[0].pk}/reject/").status_code == 405
    assert not Rejection.objects.exists()


@pytest.mark.parametrize(
    "address",
    ["/gallery/999999/patterns/", "/gallery/{pk}/no-pool/", "/gallery/stimuli/99999999999999999999/"]
    + [f"/gallery/{{pk}}/patterns/?stimulus={text}" for text in ("0", "x", "-1", "²", "9" * 30)],
)
def test_what_does_not_exist_is_not_found(staff: Client, stimuli: list[Stimulus], address: str) -> None:
    assert staff.get(address.format(pk=stimuli[0].feature_id)).status_code == 404


def test_a_stimulus_of_another_feature_is_not_shown_under_this_one(staff: Client, stimuli: list[Stimulus]) -> None:
    assert staff.get(f"{page_of(stimuli[0])}?stimulus={stimuli[-1].pk}").status_code == 404


# The overview


def test_a_card_counts_the_stimuli_of_each_kind_and_shows_one_of_each(staff: Client, stimuli: list[Stimulus]) -> None:
    page = html(staff.get("/gallery/"))
    assert names(page) == [f"layer1:channel={number}" for number in range(4)]
    assert "4 features with stimuli" in page
    for kind in Kind:
        assert page.count(f"10 {kind}s") == 4
    card = page.split('<li class="card">')[1]
    assert card.count('<img loading="lazy"') == 6
    assert all(one.sha256 in card for one in stimuli[: len(Kind.values)])


def test_without_stimuli_it_says_how_to_make_some(staff: Client) -> None:
    assert "generate_stimuli" in html(staff.get("/gallery/"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name=channel%3D2", [2]),
        ("name=LAYER1", [0, 1, 2, 3]),
        ("name=nothing", []),
        ("pool=patterns", [0, 1, 2, 3]),
        ("kind=suppression", [0, 1, 2, 3]),
        ("state=rejected", [1]),
        ("state=rejected&kind=visualization", []),
        ("state=unreviewed", [0, 1, 3]),
        ("state=flagged", [3]),
        ("state=flagged&name=channel%3D0", []),
    ],
)
def test_it_is_filtered(staff: Client, stimuli: list[Stimulus], query: str, found: list[int]) -> None:
    by_feature = [stimuli[start : start + PER_FEATURE] for start in range(0, len(stimuli), PER_FEATURE)]
    reject(by_feature[1][0])
    freeze(*by_feature[2])
    Stimulus.objects.filter(pk=by_feature[3][5].pk).update(activation_after=math.nan)
    assert names(html(staff.get(f"/gallery/?{query}"))) == [f"layer1:channel={number}" for number in found]


def test_it_is_filtered_by_network(staff: Client, stimuli: list[Stimulus]) -> None:
    network = Feature.objects.earliest("id").model
    assert len(names(html(staff.get(f"/gallery/?network={network.pk}")))) == 4


def test_an_unknown_value_of_the_filter_is_named_and_not_used(staff: Client, stimuli: list[Stimulus]) -> None:
    page = html(staff.get("/gallery/?kind=poster&network=x&name=%00"))
    assert "poster is not one of the available choices" in page
    assert len(names(page)) == 4


def test_a_rejected_stimulus_is_counted_and_left_out_of_the_card(staff: Client, stimuli: list[Stimulus]) -> None:
    Stimulus.objects.filter(pk=stimuli[0].pk).update(sha256=write_picture(5000))
    reject(stimuli[0])
    page = html(staff.get("/gallery/"))
    assert "1 rejected" in page
    assert write_picture(5000) not in page


def test_it_is_paged(staff: Client) -> None:
    make_gallery(stimuli=(CARDS + 2) * PER_FEATURE)
    first, second = html(staff.get("/gallery/")), html(staff.get("/gallery/?page=2&kind=accentuation"))
    assert len(names(first)) == CARDS
    assert 'href="?page=2"' in first
    assert len(names(second)) == 2
    assert "?page=1&amp;kind=accentuation" in second
    assert names(html(staff.get("/gallery/?page=99"))) == names(second)
    assert names(html(staff.get("/gallery/?page=x"))) == names(first)


@pytest.mark.parametrize("query", ["", "?state=flagged", "?state=unreviewed&name=layer1"])
def test_the_number_of_queries_does_not_grow_with_the_stimuli(staff: Client, query: str) -> None:
    stimuli = make_gallery(stimuli=10 * PER_FEATURE)
    Stimulus.objects.update(saturation=math.nan)
    freeze(*stimuli[::2])
    for number, stimulus in enumerate(stimuli[1::2]):
        if number % 3 == 0 and "flagged" not in query:
            reject(stimulus)
    pages = [f"/gallery/{query}", f"{page_of(stimuli[0])}{query}", "/gallery/rejections/"]
    many = [number_of_queries(staff, page) for page in pages]
    kept = [*stimuli[1:8:2], *stimuli[PER_FEATURE : PER_FEATURE + 2]]
    discard(FrozenSet.objects.get())
    Stimulus.objects.exclude(pk__in=[one.pk for one in kept]).delete()
    freeze(*kept[1::2])
    few = [number_of_queries(staff, page) for page in pages]
    assert many == few
    assert max(many) <= 25


def number_of_queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        html(client.get(address))
    return len(captured)


# The page of a feature


def test_it_shows_the_strongest_images_of_the_pool_one_of_each_photograph(
    staff: Client, stimuli: list[Stimulus]
) -> None:
    feature = stimuli[0].feature
    first, second = (one.image for one in feature.activations.order_by("rank")[:2])
    SourceImage.objects.filter(pk=second.pk).update(photograph_sha256=first.photograph_sha256)
    page = html(staff.get(page_of(stimuli[0]))).split("Stimuli <")[0]
    assert re.findall(r"rank (\d+)<", page) == ["1", *(str(rank) for rank in range(3, 11))]
    assert "4.90" in page  # the activation of rank 1
    assert second.sha256 not in page


def test_it_shows_the_queries_of_studies_with_their_ranks(staff: Client, db: None) -> None:
    study = make_study(protocol_text())
    item = study.features.select_related("feature").get(phase="main", position=1)
    pair = item.query_pairs.select_related("strong_image", "weak_image").get()
    page = html(staff.get(f"/gallery/{item.feature.pk}/patterns/"))
    for image, rank in ((pair.strong_image, pair.strong_rank), (pair.weak_image, pair.weak_rank)):
        assert re.search(rf"{image.sha256}.{{0,120}}</?.*?rank {rank}<", page, re.DOTALL)
    assert 'href="/researcher/birds/">birds, main, batch 1, easy<' in page


def test_every_kind_stands_beside_its_seed_and_what_has_none_comes_last(staff: Client, stimuli: list[Stimulus]) -> None:
    page = html(staff.get(page_of(stimuli[0])))
    rows = page.split('<div class="row">')[1:]
    assert len(rows) == 11
    of_one_image = [
        one.pk for one in stimuli if one.image_id == stimuli[0].image_id and one.feature_id == stimuli[0].feature_id
    ]
    assert tiles(rows[0]) == of_one_image
    assert "From rank 1" in rows[0]
    assert "Without a seed image" in rows[-1]
    assert len(tiles(rows[-1])) == 10


def test_the_filter_leaves_out_tiles_and_keeps_the_chosen_stimulus(staff: Client, stimuli: list[Stimulus]) -> None:
    reject(stimuli[3])
    page = html(staff.get(f"{page_of(stimuli[0])}?state=rejected"))
    assert tiles(page) == [stimuli[3].pk]
    other = html(staff.get(f"{page_of(stimuli[0])}?state=rejected&stimulus={stimuli[0].pk}"))
    assert tiles(other) == [stimuli[3].pk]
    assert "Outside the filter" in other
    assert f'id="stimulus" class="inspector" aria-labelledby="stimulus-name" data-stimulus="{stimuli[0].pk}"' in other


def test_it_leads_to_the_features_before_and_after_that_match(staff: Client, stimuli: list[Stimulus]) -> None:
    freeze(*stimuli[PER_FEATURE : 2 * PER_FEATURE])
    page = html(staff.get(f"{page_of(stimuli[2 * PER_FEATURE])}?state=unreviewed"))
    assert f'rel="prev" href="{page_of(stimuli[0])}?state=unreviewed"' in page
    assert f'rel="next" href="{page_of(stimuli[-1])}?state=unreviewed"' in page


def test_a_stimulus_is_shown_with_mask_curve_figures_and_where_it_came_from(
    staff: Client, stimuli: list[Stimulus]
) -> None:
    one = next(stimulus for stimulus in stimuli if stimulus.kind == Kind.ACCENTUATION)
    assert one.image is not None
    page = html(staff.get(f"{page_of(one)}?stimulus={one.pk}"))
    for word in (
        one.image.sha256, one.sha256, one.mask_sha256, one.config_sha256, str(one.seed),
        one.feature.model.weights_sha256,
        "learning_rate", "accentuation_sha256", "on cpu", f"{one.activation_after:.4g}", f"{one.ssim:.4g}",
        "Activation over 40 steps", 'type="range"', 'data-act="mask"', f"{one.rank_after} among 48 images",
    ):  # fmt: skip
        assert word in page
    assert "style=" not in page
    assert page.count("<script") == 1


def test_a_visualization_has_no_divider_and_an_attribution_no_curve(staff: Client, stimuli: list[Stimulus]) -> None:
    by_kind = {stimulus.kind: stimulus for stimulus in stimuli}
    visualization = html(staff.get(f"{page_of(stimuli[-1])}?stimulus={by_kind[Kind.VISUALIZATION].pk}"))
    assert 'type="range"' not in visualization
    assert "not measured" in visualization
    attribution = html(staff.get(f"{page_of(stimuli[-1])}?stimulus={by_kind[Kind.ATTRIBUTION].pk}"))
    assert "<svg" not in attribution
    assert 'data-act="mask"' not in attribution


def test_it_is_judged_by_the_bounds_of_every_protocol_that_uses_it(staff: Client, stimuli: list[Stimulus]) -> None:
    one = stimuli[2]
    address = f"{page_of(one)}?stimulus={one.pk}"
    assert "the default asks only that figures are finite" in html(staff.get(address))
    freeze(one, quality="min_gain = 100")
    freeze(one, quality="max_saturation = 0.5", slug="lenient")
    page = html(staff.get(address))
    assert "the default asks only that figures are finite" not in page
    assert re.search(r"flagged</span>\s*Frozen set birds: gain is [\d.]+, min_gain is 100\.", page)
    assert re.search(r"within bounds</span>\s*Frozen set lenient asks max_saturation 0.5\.", page)


def test_a_study_and_its_frozen_set_judge_once(staff: Client, db: None) -> None:
    text = protocol_text()
    make_study(text)
    stimulus = Stimulus.objects.earliest("id")
    page = html(staff.get(f"{page_of(stimulus)}?stimulus={stimulus.pk}"))
    assert "Study birds asks only that figures are finite." in page
    assert "Frozen set birds asks" not in page


# What it is for


def work_on(text: str, path: str = "studies/birds.toml") -> None:
    """As generate_stimuli leaves it."""
    file = protocol_file(text)
    make_stimuli(file.protocol)
    selected = select_images(file.protocol)
    keep_working_plan(file, Path(path), selected, needed_recipes(file.protocol, selected))


CONTINUED = {
    "stimuli": 'difficulties = ["easy", 80]\nweak_references = 1',
    "tables": "[stimuli.continuation]\nweak = 60\nstrong = 80\n[stimuli.quality]\nmin_gain = 5",
    "features": 2,
    "references": 2,
}


@pytest.fixture
def plans(db: None) -> str:
    """Two protocols over the same features that are worked on; the page of the first feature."""
    make_survey(features=2)
    work_on(protocol_text(**CONTINUED))  # type: ignore[arg-type]
    work_on(protocol_text(slug="bees", features=2, references=3, conditions=("attribution",), seed=8), "bees.toml")
    return f"/gallery/{Feature.objects.get(name='layer1:channel=0').pk}/patterns/"


@pytest.mark.usefixtures("plans")
def test_the_bounds_of_what_is_worked_on_flag_before_anything_is_frozen(staff: Client) -> None:
    assert names(html(staff.get("/gallery/?state=flagged&protocol=working:birds")))
    assert names(html(staff.get("/gallery/?state=flagged&protocol=working:bees"))) == []
    one = Stimulus.objects.filter(kind=Kind.ACCENTUATION)[0]
    assert "Working plan birds: gain is" in html(staff.get(f"{page_of(one)}?stimulus={one.pk}"))


def test_a_protocol_is_chosen_and_exactly_its_images_are_shown(staff: Client, plans: str) -> None:
    assert "birds (working plan)" in html(staff.get("/gallery/"))
    page = html(staff.get(f"{plans}?protocol=working:birds"))
    assert re.findall(r"Reference of rank (\d+)", page) == ["1", "2"]
    assert re.findall(r"Weak reference of rank (\d+)", page) == ["48"]
    assert "batch 1, easy<" in page
    assert "batch 1, percentile 80<" in page
    shown = Stimulus.objects.in_bulk(tiles(page)).values()
    assert {one.kind for one in shown} == {Kind.ACCENTUATION, Kind.CONTINUATION}
    other = html(staff.get(f"{plans}?protocol=working:bees"))
    assert {one.kind for one in Stimulus.objects.in_bulk(tiles(other)).values()} == {Kind.ATTRIBUTION}
    assert re.findall(r"Reference of rank (\d+)", other) == ["1", "2", "3"]


def test_continuations_are_named_with_the_features_of_their_foils(staff: Client, plans: str) -> None:
    page = html(staff.get(f"{plans}?protocol=working:birds"))
    assert "Continuation weak 60%" in page
    assert "Continuation strong 80%" in page
    assert re.search(r"Foil for layer1:channel=\d+ 80%", page)
    assert re.search(r"Foil: layer1:channel=\d+<", page)


def test_a_chosen_protocol_may_be_frozen_or_a_study(staff: Client) -> None:
    study = make_study(protocol_text())
    feature = study.features.earliest("id").feature
    page = html(staff.get(f"/gallery/{feature.pk}/patterns/?protocol=frozen:birds"))
    assert "only what Study birds uses" in page
    assert "batch 1, easy<" in page


def test_what_is_left_behind_is_superseded_and_not_flagged(staff: Client, plans: str) -> None:
    rejected = Stimulus.objects.filter(kind=Kind.CONTINUATION, config__level_percentile=60)[0]
    sibling = Stimulus.objects.get(
        kind=Kind.CONTINUATION,
        seed=rejected.seed,
        config__levels=rejected.config["levels"],
        config__level_percentile=80,
    )
    Stimulus.objects.filter(pk=sibling.pk).update(saturation=math.nan)
    page = page_of(sibling)
    for query in ("", "&protocol=working:birds"):
        assert sibling.pk in tiles(html(staff.get(f"{page}?state=flagged{query}")))
    reject(rejected)
    work_on(protocol_text(**CONTINUED))  # type: ignore[arg-type]
    for query in ("", "&protocol=working:birds"):
        assert sibling.pk not in tiles(html(staff.get(f"{page}?state=flagged{query}")))
        assert tiles(html(staff.get(f"{page}?state=superseded{query}"))) == [sibling.pk]
    assert "1 superseded" in html(staff.get("/gallery/"))


@pytest.mark.usefixtures("plans")
def test_a_rejection_says_what_was_made_in_its_place_or_how_it_is_made(staff: Client) -> None:
    rejected = Stimulus.objects.filter(kind=Kind.ACCENTUATION)[0]
    reject(rejected)
    assert "Still to be made: <code>python manage.py generate_stimuli studies/birds.toml</code>" in html(
        staff.get("/gallery/rejections/")
    )
    another = attempt_after(rejected)
    page = html(staff.get("/gallery/rejections/"))
    assert f"replaced by stimulus {another.pk}" in page
    assert "Still to be made" not in page


def test_a_map_that_would_come_out_the_same_cannot_be_rejected(judge: Client, plans: str) -> None:
    one = Stimulus.objects.filter(kind=Kind.ATTRIBUTION)[0]
    page = html(judge.get(f"{page_of(one)}?stimulus={one.pk}"))
    assert "A map by grad_cam has nothing random in it" in page
    assert "<textarea" not in page
    assert "not measured for this kind" in page
    assert judge.post(f"/gallery/stimuli/{one.pk}/reject/", {"reason": "dull"}).status_code == 409
    with pytest.raises(RejectionRefusedError, match=r"change \[stimuli.attribution\]"):
        reject(one)


def test_what_was_approved_needs_no_review_any_more(judge: Client, staff: Client, stimuli: list[Stimulus]) -> None:
    one, following = stimuli[0], stimuli[2]
    assert staff.post(f"/gallery/stimuli/{one.pk}/approve/").status_code == 403
    response = judge.post(f"/gallery/stimuli/{one.pk}/approve/?state=unreviewed", {"next": following.pk})
    assert response["Location"] == f"{page_of(one)}?state=unreviewed&stimulus={following.pk}#stimulus"
    assert tiles(html(judge.get(f"{page_of(one)}?state=approved"))) == [one.pk]
    assert one.pk not in tiles(html(judge.get(f"{page_of(one)}?state=unreviewed")))
    assert judge.post(f"/gallery/stimuli/{one.pk}/unapprove/").status_code == 302
    assert tiles(html(judge.get(f"{page_of(one)}?state=approved"))) == []
    reject(one)
    assert judge.post(f"/gallery/stimuli/{one.pk}/approve/").status_code == 409


def test_the_login_says_how_a_login_is_made(client: Client, db: None) -> None:
    assert "createsuperuser" in html(client.get("/admin/login/?next=/gallery/"))


# Rejecting


def test_a_rejection_keeps_the_reason_and_the_login_and_leads_back_under_the_filter(
    judge: Client, stimuli: list[Stimulus]
) -> None:
    one = stimuli[0]
    response = judge.post(f"/gallery/stimuli/{one.pk}/reject/?kind=attribution&next=//evil", {"reason": " too\ndark "})
    assert response.status_code == 302
    assert response["Location"] == f"{page_of(one)}?kind=attribution&stimulus={one.pk}#stimulus"
    rejection = Rejection.objects.get()
    assert (rejection.stimulus, rejection.reason, rejection.by) == (one, "too\ndark", "judge")
    page = html(judge.get(response["Location"]))
    assert "generate_stimuli" in page
    assert "Take the rejection back" in page


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 1001])
def test_a_reason_is_needed_and_what_was_wrong_is_said(judge: Client, stimuli: list[Stimulus], reason: str) -> None:
    response = judge.post(f"/gallery/stimuli/{stimuli[0].pk}/reject/", {"reason": reason})
    assert response.status_code == 400
    page = response.content.decode()
    assert 'id="refused" role="alert">Say ' in page
    assert "reject/?stimulus" not in page  # the links lead to the page, not to the action
    assert not Rejection.objects.exists()


def test_a_stimulus_of_a_frozen_set_cannot_be_rejected(judge: Client, stimuli: list[Stimulus]) -> None:
    freeze(stimuli[0])
    page = html(judge.get(f"{page_of(stimuli[0])}?stimulus={stimuli[0].pk}"))
    assert "belongs to the frozen set birds" in page
    assert "<textarea" not in page
    response = judge.post(f"/gallery/stimuli/{stimuli[0].pk}/reject/", {"reason": "dark"})
    assert response.status_code == 409
    assert "belongs to the frozen set birds" in response.content.decode()
    assert not Rejection.objects.exists()


def test_a_doubled_click_rejects_once_and_says_so(judge: Client, stimuli: list[Stimulus]) -> None:
    for status in (302, 409):
        assert judge.post(f"/gallery/stimuli/{stimuli[0].pk}/reject/", {"reason": "dark"}).status_code == status
    assert Rejection.objects.count() == 1


def test_a_rejection_is_taken_back_until_another_attempt_is_made(judge: Client, stimuli: list[Stimulus]) -> None:
    first, second = stimuli[0], stimuli[1]
    reject(first)
    assert judge.post(f"/gallery/stimuli/{first.pk}/take-back/").status_code == 302
    assert not Rejection.objects.exists()
    reject(second)
    another = attempt_after(second)
    page = html(judge.get(f"{page_of(second)}?stimulus={second.pk}"))
    assert f"Another attempt, stimulus {another.pk}, was made in its place" in page
    assert "Take the rejection back" not in page
    assert judge.post(f"/gallery/stimuli/{second.pk}/take-back/").status_code == 409
    assert Rejection.objects.get().stimulus == second
    assert judge.post(f"/gallery/stimuli/{first.pk}/take-back/").status_code == 409


def test_the_services_refuse_by_themselves(stimuli: list[Stimulus]) -> None:
    freeze(stimuli[0])
    with pytest.raises(RejectionRefusedError, match="frozen set birds"):
        reject(stimuli[0])
    with pytest.raises(RejectionRefusedError, match="not rejected"):
        rejection_take_back(stimulus=stimuli[1])


def test_the_rejections_are_listed_with_their_reasons_the_latest_first(staff: Client, stimuli: list[Stimulus]) -> None:
    assert "Nothing has been rejected" in html(staff.get("/gallery/rejections/"))
    for number, stimulus in enumerate(stimuli[:52]):
        reject(stimulus, f"reason <{number}>")
    page = html(staff.get("/gallery/rejections/"))
    assert re.findall(r"reason &lt;(\d+)&gt;", page) == [str(number) for number in range(51, 1, -1)]
    assert "judge" in page
    assert "Page 1 of 2" in page
    assert staff.get(f"/gallery/stimuli/{stimuli[0].pk}/")["Location"].startswith(page_of(stimuli[0]))


# Images


def test_an_image_is_kept_by_the_browser_and_by_nobody_between(staff: Client, stimuli: list[Stimulus]) -> None:
    for address, etag in (
        (f"/researcher/images/{stimuli[0].sha256}.png", f'"{stimuli[0].sha256}"'),
        (f"/researcher/images/{stimuli[0].sha256}.small.webp", f'"{stimuli[0].sha256}-small"'),
    ):
        response = staff.get(address)
        assert response.status_code == 200
        assert response["ETag"] == etag
        assert response["Cache-Control"] == "private, max-age=31536000, immutable"
        again = staff.get(address, headers={"if-none-match": etag})
        assert (again.status_code, again.content) == (304, b"")


def test_images_have_the_type_of_their_format_and_masks_are_images_too(staff: Client, stimuli: list[Stimulus]) -> None:
    masked = next(stimulus for stimulus in stimuli if stimulus.mask_sha256)
    assert staff.get(f"/researcher/images/{masked.mask_sha256}.png")["Content-Type"] == "image/png"
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "grey").save(buffer, "WEBP")
    sha256 = files.store(buffer.getvalue())
    Stimulus.objects.filter(pk=masked.pk).update(sha256=sha256, format="webp")
    response = staff.get(f"/researcher/images/{sha256}.png")
    assert (response["Content-Type"], response.content) == ("image/webp", buffer.getvalue())


def test_a_thumbnail_is_small_and_a_mask_has_one_too(staff: Client, stimuli: list[Stimulus]) -> None:
    Image.effect_noise((1024, 1024), 60).save(image_path(stimuli[0].sha256), "PNG")
    write_picture.cache_clear()  # the file is another one now
    response = staff.get(f"/researcher/images/{stimuli[0].sha256}.small.webp")
    with Image.open(io.BytesIO(response.content)) as small:
        assert (small.format, small.size) == ("WEBP", (224, 224))
    assert len(response.content) < 60_000


def test_an_image_whose_file_is_gone_is_not_found(staff: Client, stimuli: list[Stimulus]) -> None:
    Stimulus.objects.filter(pk=stimuli[0].pk).update(sha256="dd" * 32)
    assert staff.get(f"/researcher/images/{'dd' * 32}.png").status_code == 404


# Ways in


def test_the_researchers_pages_lead_to_the_gallery(staff: Client, db: None) -> None:
    study = make_study(protocol_text())
    study.researchers.add(User.objects.get(username="looker"))
    assert 'href="/gallery/"' in html(staff.get("/researcher/"))
    feature = study.features.first()
    assert feature is not None
    assert f'href="/gallery/{feature.feature_id}/patterns/"' in html(staff.get("/researcher/birds/"))


def test_a_feature_that_was_surveyed_and_has_no_stimuli_has_a_page(staff: Client, db: None) -> None:
    make_survey()
    feature = Feature.objects.earliest("id")
    assert "There are no stimuli of this feature yet." in html(staff.get(f"/gallery/{feature.pk}/patterns/"))

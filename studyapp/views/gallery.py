"""The gallery: staff look at every stimulus of a feature, and reject what shall not be shown."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from stimuli.models import Feature, ImagePool, Rejection, Stimulus
from studyapp.gallery.feature import (
    Tile,
    in_order,
    neighbours,
    rows,
    strongest_images,
    study_queries,
    survey_of,
    tile_of,
)
from studyapp.gallery.filters import GalleryFilter
from studyapp.gallery.overview import Pair, overview_page
from studyapp.gallery.rejections import outcomes
from studyapp.gallery.stimulus import details
from studyapp.services.rejection import (
    RejectionRefusedError,
    approval_take_back,
    rejection_take_back,
    stimulus_approve,
    stimulus_reject,
)

REJECTIONS = 50
MAY_REJECT = "stimuli.add_rejection"


class ReasonForm(forms.Form):
    """Why a stimulus is rejected."""

    reason = forms.CharField(
        max_length=1000,
        error_messages={
            "required": "Say in a few words why, so that others understand the decision.",
            "max_length": "Say it in at most 1000 characters (these were %(show_value)d).",
        },
    )


@never_cache
@require_safe
@staff_member_required
def overview(request: HttpRequest) -> HttpResponse:
    """Features that have stimuli, a page at a time."""
    asked = GalleryFilter(request.GET)
    page, cards = overview_page(asked, request.GET.get("page"))
    query = _query(request.GET)
    context = {"filter": asked, "page": page, "cards": cards, "query": query.urlencode(), "is_filtered": asked.chosen}
    return render(request, "studyapp/gallery/overview.html", context)


@never_cache
@require_safe
@staff_member_required
def feature(request: HttpRequest, pk: int, pool: str) -> HttpResponse:
    """A feature on a pool, with one of its stimuli in full: the one that the address names, or the first."""
    found = get_object_or_404(Feature.objects.select_related("model"), pk=pk)
    return _feature_page(request, found, get_object_or_404(ImagePool, name=pool), request.GET.get("stimulus"))


@require_safe
@staff_member_required
def stimulus(request: HttpRequest, pk: int) -> HttpResponse:
    """The lasting address of a stimulus, which leads to its place in the gallery."""
    return redirect(_place(_stimulus(pk), QueryDict()))


@require_POST
@staff_member_required
@permission_required(MAY_REJECT, raise_exception=True)
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Reject a stimulus for a reason."""
    found = _stimulus(pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _again(request, found, form, str(form.errors["reason"][0]), 400)
    try:
        stimulus_reject(stimulus=found, reason=form.cleaned_data["reason"], by=request.user.get_username())
    except RejectionRefusedError as error:
        return _again(request, found, form, str(error), 409)
    messages.success(request, "The image is rejected.")
    return redirect(_place(found, request.GET))


@require_POST
@staff_member_required
@permission_required(MAY_REJECT, raise_exception=True)
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a rejected stimulus stand again."""
    found = _stimulus(pk)
    try:
        rejection_take_back(stimulus=found)
    except RejectionRefusedError as error:
        return _again(request, found, ReasonForm(), str(error), 409)
    messages.success(request, "The rejection is taken back: the image stands again.")
    return redirect(_place(found, request.GET))


@require_POST
@staff_member_required
@permission_required(MAY_REJECT, raise_exception=True)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a stimulus as seen and good, and lead on to the one that the form names, if any."""
    found = _stimulus(pk)
    try:
        stimulus_approve(stimulus=found, by=request.user.get_username())
    except RejectionRefusedError as error:
        return _again(request, found, ReasonForm(), str(error), 409)
    following = Stimulus.objects.select_related("pool").filter(pk=_number(request.POST.get("next", ""))).first()
    messages.success(request, f"Stimulus {found.pk} is approved.")
    return redirect(_place(following or found, request.GET))


@require_POST
@staff_member_required
@permission_required(MAY_REJECT, raise_exception=True)
def unapprove(request: HttpRequest, pk: int) -> HttpResponse:
    """Let an approved stimulus count as not yet reviewed again."""
    found = _stimulus(pk)
    approval_take_back(stimulus=found)
    messages.success(request, "The approval is taken back.")
    return redirect(_place(found, request.GET))


@never_cache
@require_safe
@staff_member_required
def rejections(request: HttpRequest) -> HttpResponse:
    """Everything that was rejected, the latest first, with the reasons."""
    listed = Rejection.objects.select_related("stimulus__feature__model", "stimulus__pool").order_by("-at", "-id")
    page = Paginator(listed, REJECTIONS).get_page(request.GET.get("page"))
    return render(request, "studyapp/gallery/rejections.html", {"page": page, "outcomes": outcomes(list(page))})


def _again(request: HttpRequest, found: Stimulus, form: ReasonForm, sentence: str, status: int) -> HttpResponse:
    """The page that an action came from, with the sentence that says why nothing was done."""
    return _feature_page(request, found.feature, found.pool, str(found.pk), status=status, refused=sentence, form=form)


def _feature_page(
    request: HttpRequest, feature: Feature, pool: ImagePool, wanted: str | None, *, status: int = 200, **extra: Any
) -> HttpResponse:
    asked = GalleryFilter(request.GET)
    listed = rows(asked, feature, pool)
    survey = survey_of(feature, pool)
    before, after = neighbours(asked.stimuli, (feature.pk, pool.pk))
    query = _query(request.GET)
    tiles = in_order(listed)
    chosen = _chosen(tiles, wanted, asked, (feature, pool))
    context = {
        "feature": feature,
        "pool": pool,
        "survey": survey,
        **_natural(asked, feature, pool),
        "rows": listed,
        "filter": asked,
        "is_filtered": asked.chosen,
        "query": query.urlencode(),
        "before": _address(before, query),
        "after": _address(after, query),
        "details": details(chosen, survey.images if survey else None) if chosen else None,
        "may_reject": request.user.has_perm(MAY_REJECT),
        **_among(tiles, chosen),
        **extra,
    }
    return render(request, "studyapp/gallery/feature.html", context, status=status)


def _natural(asked: GalleryFilter, feature: Feature, pool: ImagePool) -> dict[str, Any]:
    """The natural images: exactly those of the chosen protocol, or else those that any protocol may choose."""
    planned = asked.purpose.images(feature, pool) if asked.purpose else None
    if planned:
        return {"planned": planned}
    return {"strongest": strongest_images(feature, pool), "queries": study_queries(feature, pool)}


def _chosen(
    tiles: Sequence[Tile], wanted: str | None, asked: GalleryFilter, of: tuple[Feature, ImagePool]
) -> Tile | None:
    """The stimulus that the address names, listed or not; the first of the list where it names none."""
    if wanted is None:
        return tiles[0] if tiles else None
    listed = next((tile for tile in tiles if str(tile.stimulus.pk) == wanted), None)
    feature, pool = of
    return listed or tile_of(get_object_or_404(_full(), pk=_number(wanted), feature=feature, pool=pool), asked)


def _among(tiles: Sequence[Tile], chosen: Tile | None) -> dict[str, Any]:
    """Where the chosen stimulus stands in the list, from 1, and those beside it; None for what is not there."""
    if chosen is None or chosen not in tiles:
        return {"count": len(tiles), "number": None, "previous": None, "next": None}
    place = tiles.index(chosen)
    return {
        "count": len(tiles),
        "number": place + 1,
        "previous": tiles[place - 1] if place else None,
        "next": tiles[place + 1] if place + 1 < len(tiles) else None,
    }


def _full() -> QuerySet[Stimulus]:
    """Stimuli with all that the page says of one."""
    return Stimulus.objects.select_related("feature__model", "pool", "image", "rejection", "approval")


def _stimulus(pk: int) -> Stimulus:
    return get_object_or_404(_full(), pk=pk)


def _number(text: str) -> int:
    """The number of a stimulus from the address; 0, which none has, for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _query(asked: QueryDict) -> QueryDict:
    """What of the address belongs to the filter, without the fields that were left free."""
    kept = QueryDict(mutable=True)
    for name in GalleryFilter.base_fields:
        if value := asked.get(name):
            kept[name] = value
    return kept


def _address(pair: Pair | None, query: QueryDict) -> str | None:
    """Of the page of a feature on a pool."""
    if pair is None:
        return None
    pool = ImagePool.objects.get(pk=pair[1])
    return f"{reverse('gallery_feature', args=(pair[0], pool.name))}?{query.urlencode()}"


def _place(found: Stimulus, asked: QueryDict) -> str:
    """Where the gallery shows a stimulus, under the filter of the address that was asked for."""
    query = _query(asked)
    query["stimulus"] = str(found.pk)
    return f"{reverse('gallery_feature', args=(found.feature_id, found.pool.name))}?{query.urlencode()}#stimulus"

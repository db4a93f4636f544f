"""What a researcher sees of the studies; for the staff of each study only."""

from django.contrib.admin.views.decorators import staff_member_required
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from stimuli.quality import against_their_aim
from studyapp.models import Ending
from studyapp.monitoring import listed_participants, running, state_label
from studyapp.permissions import studies_of
from studyapp.selectors import study_features

ROWS = 50


@never_cache
@require_safe
@staff_member_required
def studies(request: HttpRequest) -> HttpResponse:
    """List the researcher's studies."""
    stays = ~Q(participants__ended_as=Ending.WITHDRAWN)
    listed = (
        studies_of(request.user)
        .annotate(enrolled=Count("participants"), completed=Count("participants__completed_at", filter=stays))
        .order_by("-created_at")
    )
    return render(request, "studyapp/researcher/studies.html", {"studies": listed})


@never_cache
@require_safe
@staff_member_required
def study(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how far a study is, and everything that its participants are shown."""
    found = studies_of(request.user).filter(slug=slug).first()
    if found is None:  # whether it exists is nobody's business whose study it is not
        return render(request, "studyapp/researcher/unknown.html", {"slug": slug}, status=404)
    context = {
        "study": found,
        "running": running(found),
        "features": study_features(found),
        "against_their_aim": against_their_aim(found.frozen_set.stimuli.all()),
        "link": request.build_absolute_uri(reverse("consent", kwargs={"slug": slug})),
    }
    return render(request, "studyapp/researcher/study.html", context)


@never_cache
@require_safe
@staff_member_required
def participants(request: HttpRequest, slug: str) -> HttpResponse:
    """List the participants by code, with where each is."""
    found = get_object_or_404(studies_of(request.user), slug=slug)
    page = Paginator(listed_participants(found), ROWS).get_page(request.GET.get("page"))
    rows = [(participant, state_label(participant)) for participant in page]
    context = {"study": found, "page": page, "rows": rows}
    return render(request, "studyapp/researcher/participants.html", context)


@never_cache
@require_safe
@staff_member_required
def events(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the log, the latest event first."""
    found = get_object_or_404(studies_of(request.user), slug=slug)
    log = found.events.select_related("participant").order_by("-pk")
    page = Paginator(log, ROWS).get_page(request.GET.get("page"))
    return render(request, "studyapp/researcher/events.html", {"study": found, "page": page})

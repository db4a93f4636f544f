"""What a researcher sees of the studies; for staff only."""

from django.contrib.admin.views.decorators import staff_member_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from studyapp.models import Study
from studyapp.selectors import study_counts, study_features


@never_cache
@require_safe
@staff_member_required
def studies(request: HttpRequest) -> HttpResponse:
    """List the studies."""
    listed = Study.objects.annotate(
        enrolled=Count("participants"), completed=Count("participants__completed_at")
    ).order_by("-created_at")
    return render(request, "studyapp/researcher/studies.html", {"studies": listed})


@never_cache
@require_safe
@staff_member_required
def study(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how far a study is, and everything that its participants are shown."""
    found = Study.objects.filter(slug=slug).first()
    if found is None:
        return render(request, "studyapp/researcher/unknown.html", {"slug": slug}, status=404)
    context = {
        "study": found,
        "counts": study_counts(found),
        "features": study_features(found),
        "link": request.build_absolute_uri(reverse("consent", kwargs={"slug": slug})),
    }
    return render(request, "studyapp/researcher/study.html", context)

"""What a researcher does to a study: close and open it, take its data along, withdraw a participant who asks for it.

Everything is sent by a form, written to the log, and open to the staff of the study only.
"""

import tempfile
from pathlib import Path

from django.contrib.admin.views.decorators import staff_member_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from studyapp.export import write_export
from studyapp.models import Ending
from studyapp.permissions import studies_of
from studyapp.selectors import EXPORT_CHUNK, export_responses
from studyapp.services.events import EventName, record
from studyapp.services.opening import study_close, study_open
from studyapp.services.withdrawal import participant_withdraw


@require_POST
@staff_member_required
def enrolment(request: HttpRequest, slug: str) -> HttpResponse:
    """Close the study to new participants, or open it again."""
    study = get_object_or_404(studies_of(request.user), slug=slug)
    change = {"close": study_close, "open": study_open}.get(request.POST.get("enrolment", ""))
    if change is None:
        return HttpResponseBadRequest("The form says neither to close nor to open.", content_type="text/plain")
    change(study=study, by=request.user.get_username())
    return redirect("researcher_study", slug=slug)


@never_cache
@require_POST
@staff_member_required
def export(request: HttpRequest, slug: str) -> FileResponse:
    """Send the responses as CSV, the same file that ``export_responses`` writes."""
    study = get_object_or_404(studies_of(request.user), slug=slug)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{slug}.csv"
        rows = write_export(export_responses(study).iterator(chunk_size=EXPORT_CHUNK), path)
        # Open, the file can be read to its end after its name is gone.
        file = path.open("rb")
    record(study=study, name=EventName.EXPORT_DOWNLOADED, data={"rows": rows}, by=request.user.get_username())
    return FileResponse(file, as_attachment=True, filename=f"{slug}.csv", content_type="text/csv; charset=utf-8")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff_member_required
def withdraw(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """Withdraw a participant who wrote that they withdraw, after asking once more."""
    study = get_object_or_404(studies_of(request.user), slug=slug)
    participant = get_object_or_404(study.participants, code=code)
    if request.method == "POST":
        participant_withdraw(participant=participant, by=request.user.get_username())
    if request.method == "POST" or participant.ended_as == Ending.WITHDRAWN:
        return redirect("researcher_participants", slug=slug)
    context = {"study": study, "participant": participant, "keeps": study.plan.consent.on_withdrawal == "keep"}
    return render(request, "studyapp/researcher/withdraw.html", context)

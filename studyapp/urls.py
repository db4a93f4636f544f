"""Which address leads to which view."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import path, register_converter
from django.views.generic import RedirectView

from studyapp.login import ThrottledLoginForm
from studyapp.views import (
    enrolment,
    errors,
    gallery,
    images,
    researcher,
    researcher_actions,
    session,
    trials,
    withdrawal,
)


class TokenConverter:
    """The secret of a personal link: the URL-safe base64 alphabet, so that nothing else reaches the database."""

    regex = "[A-Za-z0-9_-]{20,64}"

    def to_python(self, value: str) -> str:
        """Give the token as it stands in the address."""
        return value

    def to_url(self, value: str) -> str:
        """Write the token as it is."""
        return value


class ImageCodeConverter(TokenConverter):
    """What names an image of a trial in its address."""

    regex = "[A-Za-z0-9_-]{20}"


class SlotConverter(TokenConverter):
    """A place of a panel: a reference with or without its explanation."""

    regex = "[rw][1-9]x?"


class FormatConverter(TokenConverter):
    """The ending of an image's address."""

    regex = "png|webp"


class PlaceConverter(TokenConverter):
    """Where in the session a questionnaire stands."""

    regex = "before|after"


class Sha256Converter(TokenConverter):
    """The name of an image file."""

    regex = "[0-9a-f]{64}"


class CodeConverter(TokenConverter):
    """The code that names a participant in the export."""

    regex = "[A-Z0-9]{6,16}"


admin.site.site_header = admin.site.site_title = "Quiddity"
admin.site.site_url = "/researcher/"
admin.site.login_form = ThrottledLoginForm
admin.site.login_template = "studyapp/login.html"

register_converter(TokenConverter, "token")
register_converter(ImageCodeConverter, "image_code")
register_converter(SlotConverter, "slot")
register_converter(FormatConverter, "format")
register_converter(PlaceConverter, "place")
register_converter(Sha256Converter, "sha256")
register_converter(CodeConverter, "code")

urlpatterns = [
    # Participants come by their study's link; who types the bare address is a researcher.
    path("", RedirectView.as_view(pattern_name="researcher_studies")),
    path("s/<slug:slug>/", enrolment.consent, name="consent"),
    path("s/<slug:slug>/declined/", enrolment.declined, name="declined"),
    path("p/<token:token>/", session.current_page, name="session"),
    path("p/<token:token>/questions-<place:place>/", session.questionnaire, name="questionnaire"),
    path("p/<token:token>/instructions/", session.leave_instructions, name="leave_instructions"),
    path("p/<token:token>/withdraw/", withdrawal.withdraw, name="withdraw"),
    path(
        "p/<token:token>/instructions/<slot:slot>.<format:image_format>",
        session.instructions_image,
        name="instructions_image",
    ),
    path("p/<token:token>/quiz/", session.quiz, name="quiz"),
    path("p/<token:token>/break/", session.leave_break, name="leave_break"),
    path("p/<token:token>/debriefing/", session.leave_debriefing, name="leave_debriefing"),
    path("p/<token:token>/responses/", trials.record_response, name="record_response"),
    path("p/<token:token>/trials/", trials.coming, name="coming_trials"),
    path(
        "p/<token:token>/<uuid:public_id>/<image_code:code>.<format:image_format>",
        trials.trial_image,
        name="trial_image",
    ),
    path("researcher/", researcher.studies, name="researcher_studies"),
    path("researcher/<slug:slug>/", researcher.study, name="researcher_study"),
    path("researcher/<slug:slug>/participants/", researcher.participants, name="researcher_participants"),
    path("researcher/<slug:slug>/events/", researcher.events, name="researcher_events"),
    path("researcher/<slug:slug>/enrolment/", researcher_actions.enrolment, name="researcher_enrolment"),
    path("researcher/<slug:slug>/export/", researcher_actions.export, name="researcher_export"),
    path(
        "researcher/<slug:slug>/participants/<code:code>/withdraw/",
        researcher_actions.withdraw,
        name="researcher_withdraw",
    ),
    path("researcher/images/<sha256:sha256>.png", images.image, name="researcher_image"),
    path("researcher/images/<sha256:sha256>.small.webp", images.image_thumbnail, name="researcher_thumbnail"),
    # Not below researcher/, where it would hide a study that is called gallery.
    path("gallery/", gallery.overview, name="gallery"),
    path("gallery/rejections/", gallery.rejections, name="gallery_rejections"),
    path("gallery/<int:pk>/<slug:pool>/", gallery.feature, name="gallery_feature"),
    path("gallery/stimuli/<int:pk>/", gallery.stimulus, name="gallery_stimulus"),
    path("gallery/stimuli/<int:pk>/reject/", gallery.reject, name="gallery_reject"),
    path("gallery/stimuli/<int:pk>/approve/", gallery.approve, name="gallery_approve"),
    path("gallery/stimuli/<int:pk>/unapprove/", gallery.unapprove, name="gallery_unapprove"),
    path("gallery/stimuli/<int:pk>/take-back/", gallery.take_back, name="gallery_take_back"),
    path("admin/", admin.site.urls),
    # Asked for by browsers on the admin's pages, which name no icon.
    path("favicon.ico", RedirectView.as_view(url=static("studyapp/icon.svg"))),
]

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.page_not_found
handler500 = errors.server_error

"""Which address leads to which view."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import path, register_converter
from django.views.generic import RedirectView

from studyapp.views import enrolment, gallery, images, researcher, session


class TokenConverter:
    """The secret of a personal link: the URL-safe base64 alphabet, so that nothing else reaches the database."""

    regex = "[A-Za-z0-9_-]{20,64}"

    def to_python(self, value: str) -> str:
        """Give the token as it stands in the address."""
        return value

    def to_url(self, value: str) -> str:
        """Write the token as it is."""
        return value


class SlotConverter(TokenConverter):
    """A place on the trial's screen: a query's side, or a reference with or without its explanation."""

    regex = "left|right|[rw][1-9]x?"


class FormatConverter(TokenConverter):
    """The ending of an image's address."""

    regex = "png|webp"


class Sha256Converter(TokenConverter):
    """The name of an image file."""

    regex = "[0-9a-f]{64}"


admin.site.site_header = admin.site.site_title = "Quiddity"
admin.site.site_url = "/researcher/"
admin.site.login_template = "studyapp/login.html"

register_converter(TokenConverter, "token")
register_converter(SlotConverter, "slot")
register_converter(FormatConverter, "format")
register_converter(Sha256Converter, "sha256")

urlpatterns = [
    # Participants come by their study's link; who types the bare address is a researcher.
    path("", RedirectView.as_view(pattern_name="researcher_studies")),
    path("s/<slug:slug>/", enrolment.consent, name="consent"),
    path("s/<slug:slug>/declined/", enrolment.declined, name="declined"),
    path("p/<token:token>/", session.current_page, name="session"),
    path("p/<token:token>/instructions/", session.leave_instructions, name="leave_instructions"),
    path("p/<token:token>/responses/", session.record_response, name="record_response"),
    path("p/<token:token>/<uuid:public_id>/<slot:slot>.<format:image_format>", session.trial_image, name="trial_image"),
    path("researcher/", researcher.studies, name="researcher_studies"),
    path("researcher/<slug:slug>/", researcher.study, name="researcher_study"),
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

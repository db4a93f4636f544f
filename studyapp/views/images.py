"""The image files that researchers look at; for staff only."""

from django.contrib.admin.views.decorators import staff_member_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe

from stimuli import files
from stimuli.models import SourceImage, Stimulus
from studyapp.gallery.thumbnails import thumbnail

# The address holds the hash of the bytes, so what it names never changes; but it is for this researcher only.
FOREVER = "private, max-age=31536000, immutable"


def _etag(request: HttpRequest, sha256: str) -> str:
    return f'"{sha256}"'


def _thumbnail_etag(request: HttpRequest, sha256: str) -> str:
    return f'"{sha256}-small"'


@require_safe
@staff_member_required
@condition(etag_func=_etag)
def image(request: HttpRequest, sha256: str) -> HttpResponse:
    """Show an image of a pool, a generated one, or the mask of a generated one."""
    data, image_format = _read(sha256)
    return _answer(data, image_format)


@require_safe
@staff_member_required
@condition(etag_func=_thumbnail_etag)
def image_thumbnail(request: HttpRequest, sha256: str) -> HttpResponse:
    """Show a small copy of such an image."""
    data, _ = _read(sha256)
    return _answer(thumbnail(data), "webp")


def _read(sha256: str) -> tuple[bytes, str]:
    """The bytes of an image that the records name, and its format."""
    natural = SourceImage.objects.filter(sha256=sha256).first()
    made = None if natural else Stimulus.objects.filter(Q(sha256=sha256) | Q(mask_sha256=sha256)).first()
    if not natural and not made:
        raise Http404
    try:
        return files.read(sha256), made.format if made and made.sha256 == sha256 else "png"
    except files.MissingFileError as error:
        raise Http404 from error


def _answer(data: bytes, image_format: str) -> HttpResponse:
    response = HttpResponse(data, content_type=f"image/{image_format}")
    response["Cache-Control"] = FOREVER
    return response

"""A file of a study, sent to a browser: the one of its hash or none."""

import logging

from django.http import Http404, HttpResponse

from stimuli import files
from stimuli.renditions import WebFile

logger = logging.getLogger(__name__)


def picture(file: WebFile) -> HttpResponse:
    """The file's bytes. A picture that was changed is worse than none: answers to it would count.

    Raises:
        Http404: the file is missing or changed; the log says which.
    """
    try:
        data = files.read_whole(file.sha256)
    except (files.MissingFileError, files.DamagedFileError) as error:
        logger.error("An image of a study was not sent. %s", error)
        raise Http404 from error
    return HttpResponse(data, content_type=file.content_type)

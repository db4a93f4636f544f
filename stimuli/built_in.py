"""Photographs that Python wheels carry, so that a study can be tried without any images of one's own.

Natural photographs only: no drawings, no pages of text, no second view of a scene that is there already.
"""

from importlib.util import find_spec
from pathlib import Path

from stimuli.photographs import PhotographError

# The package, the folder in it, and the photographs in the folder.
SOURCES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "skimage",
        "data",
        (
            "astronaut.png",
            "brick.png",
            "camera.png",
            "chelsea.png",
            "coffee.png",
            "coins.png",
            "grass.png",
            "gravel.png",
            "hubble_deep_field.jpg",
            "ihc.png",
            "motorcycle_left.png",
            "retina.jpg",
            "rocket.jpg",
        ),
    ),
    ("sklearn", "datasets/images", ("china.jpg", "flower.jpg")),
    ("matplotlib", "mpl-data/sample_data", ("grace_hopper.jpg",)),
)
ORIGIN = "photographs carried by the wheels of scikit-image, scikit-learn and matplotlib"


def built_in_photographs() -> list[Path]:
    """The files of the built-in photographs, found without importing the packages.

    Raises:
        PhotographError: a package or a file is missing.
    """
    paths = [_package_folder(package) / folder / name for package, folder, names in SOURCES for name in names]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise PhotographError(
            f"The built-in photographs {', '.join(missing)} are missing from the installed wheels; "
            "install the versions that requirements.txt names."
        )
    return paths


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise PhotographError(
            f"The package {package}, which carries built-in photographs, is not installed; install requirements.txt."
        )
    return Path(spec.submodule_search_locations[0])

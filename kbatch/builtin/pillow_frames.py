"""The frames of an opened image, one by one, within limits."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator

from PIL import ImageFile

from kbatch.builtin import pillow_depth
from kbatch.builtin.options import PillowOptions
from kbatch.builtin.pillow_reasons import is_cut, reason
from kbatch.errors import PictureError

log = logging.getLogger(__name__)

ANIMATED = ("PNG", "WEBP", "GIF", "AVIF")  # by Pillow's names; of others frames are something else
SUBFILE, ORIENTATION = 254, 274  # tags of TIFF; the first tells what a page is
PAGES = (0, 2)  # and no thumbnail and no mask


def check_size(width: int, height: int, limit: int, name: str) -> None:
    """Refuses a picture of too many pixels.

    Raises:
        PictureError: with the figure and the setting.
    """
    if (pixels := width * height) > limit:
        raise PictureError(
            f"{name} is too large: {pixels:,} pixels is more than max_pixels ({limit:,}); "
            "raise max_pixels in the job to accept it"
        )


def frames(
    image: ImageFile.ImageFile,
    again: Callable[[], ImageFile.ImageFile],
    options: PillowOptions,
    name: str,
) -> Iterator[ImageFile.ImageFile]:
    """Yields an image with one frame after the other loaded.

    Args:
        image: opened, at its first frame.
        again: opens the same file a second time.
        options: the limits, and which frames are wanted.
        name: what to call it in errors and warnings.

    Raises:
        PictureError: there are too many frames or pixels.
        OSError, SyntaxError, …: whatever Pillow raises while it decodes a damaged file.
    """
    many = _has_frames(image, options)
    # An APNG may begin with a picture for programs that can't play it.
    first = int(many and bool(getattr(image, "default_image", False)))
    for count, index in enumerate(itertools.count(first), 1):
        try:
            if index and not _moved(image, index):
                return
            _check(image, count, options, name)
            if not _loaded(image, index, again, options, name):
                return
        except PictureError:
            raise
        except Exception as error:
            if count == 1:
                raise
            if options.truncated == "accept" and is_cut(error):
                _tell_cut(error, name)
                return
            mend = "take the first frame by frames: first"
            raise PictureError(f"{name} {reason(error)}, in frame {count}; {mend}") from error
        yield image
        if not many:
            return


def _has_frames(image: ImageFile.ImageFile, options: PillowOptions) -> bool:
    if options.frames == "first":
        return False
    return image.format in ANIMATED or (image.format == "TIFF" and _same_pages(image, options))


def _same_pages(image: ImageFile.ImageFile, options: PillowOptions) -> bool:
    """Returns whether all pages of a TIFF are pictures of one size."""
    size = image.size
    try:
        for page in range(1, options.max_frames + 1):
            if not _moved(image, page):
                return True
            kind: int = image.tag_v2.get(SUBFILE, 0)  # type: ignore[attr-defined]
            if kind not in PAGES or image.size != size:
                return False
        return True
    except Exception as error:  # whatever a damaged page raises: the first may be whole
        log.debug("a page can't be read", exc_info=error)
        return False
    finally:
        image.seek(0)


def _moved(image: ImageFile.ImageFile, index: int) -> bool:
    """Moves to a frame, if there is one."""
    try:
        image.seek(index)
    except EOFError:
        return False
    return True


def _check(image: ImageFile.ImageFile, count: int, options: PillowOptions, name: str) -> None:
    """Refuses too many frames, or too many pixels in all of them."""
    width, height, mend = image.width, image.height, "or take the first frame by frames: first"
    if count == 1:
        check_size(width, height, options.max_pixels, name)
    elif count > options.max_frames:
        raise PictureError(
            f"{name} has more frames than max_frames ({options.max_frames:,}); "
            f"raise max_frames in the job, {mend}"
        )
    elif width * height * count > options.max_pixels:
        raise PictureError(
            f"{name} is too large: {count:,} frames of {width:,}×{height:,} pixels are more than "
            f"max_pixels ({options.max_pixels:,}); raise max_pixels in the job, {mend}"
        )


def _loaded(
    image: ImageFile.ImageFile,
    index: int,
    again: Callable[[], ImageFile.ImageFile],
    options: PillowOptions,
    name: str,
) -> bool:
    """Decodes the frame that an image is at; returns False where none can be made of it."""

    def load(one: ImageFile.ImageFile) -> None:
        try:
            one.load()
        except Exception as error:
            if options.truncated == "fail" or not is_cut(error):
                raise
            one.tile = []
            one.load()  # raises if not even the first pixel was decoded
            cut.append(error)

    def other() -> ImageFile.ImageFile:
        opened = again()
        opened.seek(index)
        return opened

    cut: list[Exception] = []
    # Pillow turns a TIFF upright, but not its resolution.
    aside = image.format == "TIFF" and image.tag_v2.get(ORIENTATION, 1) >= 5  # type: ignore[attr-defined]
    if aside and "dpi" in image.info:
        image.info["dpi"] = image.info["dpi"][::-1]
    pillow_depth.decode(image, other, load)
    if cut:
        _tell_cut(cut[0], name)
    return not cut or index == 0  # later frames are not composed where they are cut


def _tell_cut(error: Exception, name: str) -> None:
    log.warning("%s is truncated: taken as far as it goes, %s", name, error)

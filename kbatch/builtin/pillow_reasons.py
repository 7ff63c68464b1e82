"""What is wrong with a file that Pillow can't decode, in words."""

from __future__ import annotations

import re
import struct

from PIL import Image

ENDS = (EOFError, IndexError, struct.error)
CUT = re.compile("truncat|EOF|end of|decoder error|incomplete|not enough|only got", re.IGNORECASE)
MUTE = ("decoder error", "could not create decoder object")  # libtiff and libwebp say no more
PLAIN = {
    "not identified by this driver": "its header has no valid size or kind of pixels",
    "cannot load this image": "it has no pixel data",
}


def is_cut(error: Exception) -> bool:
    """Returns whether a decoder complains that the file ends too early, or may do so."""
    return _is_behind(error) or CUT.search(str(error)) is not None


def reason(error: Exception) -> str:
    """Returns the rest of a sentence that begins with the picture."""
    text = str(error) or type(error).__name__
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    if isinstance(error, Image.DecompressionBombError):
        return f"is larger than Pillow decodes in this format: {text.partition(',')[0]}"
    if any(word in text for word in MUTE):
        return f"is truncated, damaged or compressed in a way that can't be decoded: {text}"
    if is_cut(error):
        return f"is truncated: {'it ends too early' if _is_behind(error) else text}"
    unlisted = isinstance(error.__cause__, KeyError)  # of Pillow's tables of modes
    if unlisted or re.search("support|unknown|unable to determine", text, re.IGNORECASE):
        return f"is of a kind that can't be decoded: {text}"
    return f"is damaged: {PLAIN.get(text, text)}"


def _is_behind(error: Exception) -> bool:
    """Returns whether something behind the end was read: Pillow lets that through, or wraps it."""
    return isinstance(error, ENDS) or isinstance(error.__cause__, ENDS)

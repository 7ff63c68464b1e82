"""What is written beside the pixels, and that places never are."""

from __future__ import annotations

import itertools
import logging

import numpy as np
import pytest
from PIL import ExifTags, Image

from kbatch.data import Meta, Picture
from kbatch.metadata import kept

PIXELS = np.zeros((1, 2, 2, 3), np.uint8)
KINDS = ("icc", "exif", "dpi", "xmp")

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"{attributes}><dc:creator>Mara</dc:creator>{elements}
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def exif() -> bytes:
    block = Image.Exif()
    block[ExifTags.Base.Artist] = "Mara"
    block[ExifTags.Base.Orientation] = 6
    block[ExifTags.Base.TileWidth] = 16  # of the file, not of the picture
    block[ExifTags.Base.XMLPacket] = b"<exif:GPSLatitude>48"
    block.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = b"secret"
    block.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 12.0, 31.0)
    block.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.LensModel] = "50 mm"
    return block.tobytes()


def meta_of(meta: Meta, *keep: str) -> Meta:
    return kept(Picture(PIXELS, meta), keep, "a.jpg").meta


@pytest.mark.parametrize("keep", [c for n in range(5) for c in itertools.combinations(KINDS, n)])
def test_only_what_is_listed_is_kept(keep: tuple[str, ...]) -> None:
    meta = Meta(b"icc", exif(), XMP.encode(), (72, 72), durations=(50, 60), loop=3)
    found = meta_of(meta, *keep)
    assert {kind for kind in KINDS if getattr(found, kind) is not None} == set(keep)
    assert (found.durations, found.loop) == ((50, 60), 3)


@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_exif_has_no_place_and_no_orientation_and_the_rest_of_it(prefix: bytes) -> None:
    stored = prefix + exif().removeprefix(b"Exif\0\0")
    found = meta_of(Meta(exif=stored), "exif").exif
    assert found is not None
    assert not found.startswith(b"Exif")
    block = Image.Exif()
    block.load(b"Exif\0\0" + found)
    assert dict(block)[ExifTags.Base.Artist] == "Mara"
    assert set(block) == {ExifTags.Base.Artist, ExifTags.IFD.Exif}
    assert b"secret" not in found
    assert b"GPS" not in found
    assert not block.get_ifd(ExifTags.IFD.GPSInfo)
    assert block.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.LensModel] == "50 mm"


def test_exif_of_which_nothing_is_left_is_none() -> None:
    block = Image.Exif()
    block[ExifTags.Base.Orientation] = 3
    assert meta_of(Meta(exif=block.tobytes()), "exif").exif is None


@pytest.mark.parametrize("damaged", [b"Exif\0\0II*\0", b"nothing", b"MM\0*\xff\xff\xff\xff", b"\0"])
def test_damaged_exif_costs_no_picture(damaged: bytes) -> None:
    found = meta_of(Meta(exif=damaged, dpi=(72, 72)), "exif", "dpi")
    assert found.dpi == (72, 72)


@pytest.mark.parametrize(
    ("attributes", "elements"),
    [
        (' exif:GPSLatitude="48,12.5N" tiff:Orientation="6"', ""),
        ("\n exif:GPSLatitude = '48,12.5N'\n exif:GPSVersionID='2.2.0.0'", ""),
        ("", "<exif:GPSLatitude>48,12.5N</exif:GPSLatitude><tiff:Orientation>6</tiff:Orientation>"),
        ("", '<exif:GPSLatitude x:y="48,12.5N"/>'),
    ],
)
def test_xmp_has_no_place_and_no_orientation_and_the_rest_of_it(
    attributes: str, elements: str
) -> None:
    stored = XMP.format(attributes=attributes, elements=elements).encode()
    found = meta_of(Meta(xmp=stored), "xmp").xmp
    assert found is not None
    expected = XMP.format(attributes="", elements="").encode()
    assert b"".join(found.split()) == b"".join(expected.split())


def test_xmp_without_places_is_kept_byte_for_byte() -> None:
    stored = XMP.format(attributes="", elements="<dc:title>Orientation</dc:title>").encode()
    assert meta_of(Meta(xmp=stored), "xmp").xmp == stored


@pytest.mark.parametrize(
    "stored",
    [
        '<a exif:GPSLatitude="48"/>'.encode("utf-16-le"),
        '<a exif:GPSLatitude="48"/>'.encode("utf-16-be"),
        b"<exif:GPSLatitude>48",
        b"<exif:GPSAreaInformation><rdf:value>Home</rdf:value></exif:GPSAreaInformation>",
        b"<a:GPS " * 200_000,
        b"<a:GPS>" * 200_000,
        b" a:GPS='" * 200_001,
    ],
    ids=range(7),
)
def test_xmp_whose_places_can_not_be_removed_is_left_out_soon(
    stored: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert meta_of(Meta(xmp=stored), "xmp").xmp is None
    assert "a.jpg: XMP left out" in caplog.text

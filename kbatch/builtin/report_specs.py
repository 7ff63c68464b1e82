"""What the built-in reports announce."""

from __future__ import annotations

from kbatch.builtin.options import ContactOptions, HtmlOptions, MarkdownOptions, ParquetOptions
from kbatch.stages import ReportSpec

REPORTS = (
    ReportSpec(
        name="csv",
        summary="results.csv: one row a picture and variant",
        factory="kbatch.builtin.csv_report:CsvReport",
    ),
    ReportSpec(
        name="json",
        summary="results.json: one object a picture and variant",
        factory="kbatch.builtin.json_report:JsonReport",
    ),
    ReportSpec(
        name="html",
        summary="report.html: a page to look at, compare and show around",
        factory="kbatch.builtin.html_report:HtmlReport",
        options=HtmlOptions,
        previews=True,
    ),
    ReportSpec(
        name="contact",
        summary="contact.png: each source, then K × strategy, with bytes and PSNR",
        factory="kbatch.builtin.contact_report:ContactReport",
        options=ContactOptions,
        previews=True,
    ),
    ReportSpec(
        name="markdown",
        summary="results.md: tables with links, for a README",
        factory="kbatch.builtin.markdown_report:MarkdownReport",
        options=MarkdownOptions,
    ),
    ReportSpec(
        name="parquet",
        summary="results.parquet: one row a picture and variant, for data frames",
        factory="kbatch.builtin.parquet_report:ParquetReport",
        options=ParquetOptions,
    ),
)

"""The job: what a YAML file may say, and every mistake in it at once, each with its place."""

from kbatch.job.check import check
from kbatch.job.document import Document
from kbatch.job.model import Job, written
from kbatch.job.palettes import read_palettes
from kbatch.job.schema import schema

__all__ = ["Document", "Job", "check", "read_palettes", "schema", "written"]

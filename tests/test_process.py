"""What the command line sets for its own process."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
from kbatch import process
if sys.argv[1] == "kept":
    process.keep_freed_memory()
for _ in range(3):
    bytes(bytearray(b"x") * (8 << 20))
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    bytes(bytearray(b"x") * (8 << 20))
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    command = [sys.executable, "-c", FAULTS, how]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be told")
def test_memory_that_is_kept_is_not_new_each_time() -> None:
    assert faults("kept") < faults("freed") / 10

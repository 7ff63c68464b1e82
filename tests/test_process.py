"""What the command line sets for its own process."""

from __future__ import annotations

import os
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


LEAN = """
import os
from kbatch import process
process.start_lean()
import numpy
print(os.environ["OPENBLAS_NUM_THREADS"], len(os.listdir("/proc/self/task")))
"""


def lean(**environment: str) -> list[str]:
    unset = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    command, env = [sys.executable, "-c", LEAN], unset | environment
    return subprocess.run(
        command, env=env, check=True, capture_output=True, text=True
    ).stdout.split()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists a process's threads there")
def test_numpy_brings_no_threads_unless_the_user_says_so() -> None:
    assert lean() == ["1", "1"]
    assert lean(OPENBLAS_NUM_THREADS="2")[0] == "2"

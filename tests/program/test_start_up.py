"""A warm start brings nothing that it doesn't need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from program import picture

# Numba asks an installed SciPy for its version, and nothing more.
ONLY_NUMBA = "import sys, numba; print(*(name for name in sys.modules if name.startswith('scipy')))"
QUANTIZED = """
import sys, kbatch
kbatch.quantize("a.png", 4)
print(*(name for name in sys.modules if name.startswith("scipy")))
"""


@pytest.mark.usefixtures("kernels")
def test_quantize_imports_no_more_of_scipy_than_numba_alone(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    subprocess.run([sys.executable, "-c", QUANTIZED], cwd=tmp_path, check=True)  # it is warm now
    numba, quantized = (
        subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.split()
        for code in (ONLY_NUMBA, QUANTIZED)
    )
    assert quantized == numba
    assert "scipy.linalg" not in quantized


SEARCHES = """
import gc, sys
from kbatch.__main__ import main
phases = []
gc.callbacks.append(lambda phase, _: phases.append(phase))
sys.argv = ["kbatch", "quantize", "--force", "a.png"]
try:
    main()
except SystemExit:
    pass
print(len(phases))
"""


@pytest.mark.usefixtures("kernels")
def test_a_warm_start_is_over_before_garbage_is_searched_for(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    subprocess.run([sys.executable, "-c", QUANTIZED], cwd=tmp_path, check=True)  # it is warm now
    command = [sys.executable, "-c", SEARCHES]
    ended = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert int(ended.stdout) <= 2  # one, before the command line has said how often

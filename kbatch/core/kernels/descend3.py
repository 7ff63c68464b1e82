"""The loop for points of three dimensions."""

from kbatch.core.kernels.descend import make_descend

descend = make_descend(four=False)

"""The loop for points of four dimensions: colours with alpha."""

from kbatch.core.kernels.descend import make_descend

descend = make_descend(four=True)

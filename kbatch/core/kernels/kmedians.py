"""The loop of K-Medians, compiled."""

from kbatch.core.kernels.descend import make_descend

descend = make_descend(squared=False)

"""The loop of K-Means, compiled."""

from kbatch.core.kernels.descend import make_descend

descend = make_descend(squared=True)

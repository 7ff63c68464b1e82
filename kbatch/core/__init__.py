"""The algorithm: distinct colours, the coarse set, the search, the loop, the palette.

It knows the records and the contracts of components, names none of them, and prints nothing. What
`__all__` lists is public: built-in components and plugins may use it.
"""

from kbatch.core.colors import collect, from_space, pixels_of, points, to_space
from kbatch.core.comparison import difference, luma, similarity
from kbatch.core.compiled import assign_nearest, descend_means, descend_medians
from kbatch.core.dithering import diffuse, is_euclidean, mix, seen_in
from kbatch.core.kernels.jit import prepare
from kbatch.core.kmeans import cluster
from kbatch.core.lloyd import assign_plain, assign_with, descend_plain
from kbatch.core.palette import arrangement, costs, errors, errors_of_pixels
from kbatch.core.placed import Placed
from kbatch.core.seeding import draw, far_points
from kbatch.core.splitting import split_centers

__all__ = [
    "Placed",
    "arrangement",
    "assign_nearest",
    "assign_plain",
    "assign_with",
    "cluster",
    "collect",
    "costs",
    "descend_means",
    "descend_medians",
    "descend_plain",
    "difference",
    "diffuse",
    "draw",
    "errors",
    "errors_of_pixels",
    "far_points",
    "from_space",
    "is_euclidean",
    "luma",
    "mix",
    "pixels_of",
    "points",
    "prepare",
    "seen_in",
    "similarity",
    "split_centers",
    "to_space",
]

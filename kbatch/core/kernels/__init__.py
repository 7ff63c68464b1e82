"""The loops that Numba compiles, a file a subject.

`jit.prepare()` compiles all of them once a machine and loads them from a cache afterwards. No
fastmath anywhere, so that the bits are the same on every machine.
"""

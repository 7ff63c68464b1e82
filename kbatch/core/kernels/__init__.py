"""The loops that Numba compiles, a file a subject.

`jit.prepare()` compiles those of the engine once a machine and loads them from a cache afterwards;
`jit.prepare("dither")` does so with others, which only some components need. No fastmath anywhere,
so that the bits are the same on every machine.
"""

"""A package, so that none of the same name that a peer of the benchmarks brings hides it."""

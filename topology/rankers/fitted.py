"""Weights of the weighed ranker."""

BY_WITNESS: dict[str, float] = {}
UNKNOWN = 0.0
SLOPE = 1.0
OFFSET = 0.0

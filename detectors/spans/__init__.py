"""Spans as series: calls a second, share of errors and durations per service and per edge, and the edges themselves.

Belongs here: everything between decoded spans and points for the bank. Does not belong here: decoding, detection.
"""

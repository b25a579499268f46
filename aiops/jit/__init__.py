"""Compiled functions and their cache on disk.

Belongs here: how functions are compiled and kept, for every package of the product. Does not belong here: any compiled
function. This file imports nothing.
"""

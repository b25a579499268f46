"""Grades of the product on an estate: what it reported, beside what really happened and what users got.

Belongs here: everything that can be computed from the truth, the load generator's measurements and the journal's
documents. Does not belong here: files, brokers, processes (`aiops.apps.range`).
"""

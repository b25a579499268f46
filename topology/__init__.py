"""The dependency graph of items, and what is computed from it: impact, root-cause ranking, suspects, correlation.

Belongs here: everything that is computed from items, edges and the times at which entities became abnormal. Does not
belong here: anomaly detection, remediation, any clock or socket, any file but a case. This file imports nothing.
"""

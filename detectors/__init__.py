"""Anomaly detection in telemetry: decoding, the vectorised bank with its views and scores, and episodes of entities.

Belongs here: everything between the bytes of a record and the state of an entity, normal or abnormal. Does not belong
here: where the bytes come from, what is done about an anomaly, any clock or socket. This file imports nothing.
"""

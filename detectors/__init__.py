"""Finding trouble in telemetry: decoding, the vectorised bank, its views and scores, and what turns them to episodes.

Belongs here: everything between the bytes of a record and an entity that is well or unwell. Does not belong here:
where the bytes come from, what to do about the trouble, any clock or socket. This room imports nothing itself.
"""

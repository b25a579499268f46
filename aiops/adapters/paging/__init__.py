"""Tells people, whatever else is broken: a durable spool, retries, and the channels behind it.

Belongs here: pages on their way out. Does not belong here: what a page says and who is next (``aiops.control``). It
needs no journal, no Kafka and no Ray, because it must work when they do not. ``apprise`` is imported in one file.
"""

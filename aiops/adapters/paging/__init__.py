"""Paging: a durable spool, retries, and the notification channels.

Belongs here: delivery of pages. Does not belong here: the text of a page and the escalation (``aiops.control``). This
package uses no journal, no Kafka and no Ray, because it must work when they fail. ``apprise`` is imported in one file.
"""

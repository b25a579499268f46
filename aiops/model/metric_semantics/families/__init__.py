"""The shipped table, one module a family of metrics: a specification, a receiver of the Collector, or an exporter.

Belongs here: rows with the name, unit and type that the family's own documentation gives. Does not belong here: names
that nobody documents, and code. Each module has one ``FAMILY``; ``shipped.py`` lists the modules.
"""

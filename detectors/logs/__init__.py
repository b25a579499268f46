"""Log lines as series: masking, templates, counts per interval, and the news of a new error template.

Belongs here: everything between decoded lines and points for the bank. Does not belong here: decoding, detection.
"""

"""Root-cause analysis on labelled cases, beside published baselines: ``python -m tests.benchmarks.rootcause``.

Belongs here: labelled cases, their protocols, baselines written from papers, and their grading. Does not belong here:
code of the product, and data of any set.
"""

"""Root-cause rankers, one file each: which entity's anomaly explains the anomalies of the others.

Belongs here: rankers, their protocol and registry. Does not belong here: impact, suspects, wording of a diagnosis.
"""

"""Ray: the cluster, and the one actor class in which every plain part of the runtime lives.

Belongs here: everything that imports ``ray``. Does not belong here: what the parts do; they are plain classes that a
factory of ``aiops.bootstrap`` makes inside the actor's process.
"""

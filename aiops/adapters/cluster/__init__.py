"""Ray: the cluster, and the one actor class that hosts every part of the runtime.

Belongs here: everything that imports ``ray``. Does not belong here: the parts themselves. They are plain classes,
made inside the actor's process by a factory of ``aiops.bootstrap``.
"""

"""Records that an auditor can verify: the audit chain of decisions and the ledgers of input.

Belongs here: hashing and verifying the chain, counting how each unit of input ended. Does not belong here: writing them
anywhere, or signing them (``aiops.adapters``).
"""

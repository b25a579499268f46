"""Executors: what carries out orders on real targets, one file per way of acting (HTTP, script).

Does not belong here: any decision whether to act. The gate (``aiops.driver.gate``) stands before every executor.
"""

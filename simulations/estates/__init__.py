"""Estates that ship, as YAML; people write their own beside them."""

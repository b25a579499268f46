"""What can go wrong: one small class a fault, found by name through the registry.

A fault sets knobs of the world while it lasts and knows which actions truly end it. It never touches a random
stream that another fault, the arrivals or the actions use.
"""

"""Running a world with something that looks after it: the product, a naive rule, or nothing; under a virtual clock.

What belongs here: the loop, and the world's side of the product's ports. What does not: what happens in a run
(`simulations.scenarios`) and how it is judged (`simulations.scorecards`).
"""

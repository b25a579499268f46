"""Cases made by a seed for settings that no public set here has. Weights must not be fitted on them alone.

They are written from public descriptions and not from the product's analysis. What they leave out, real systems have.
"""

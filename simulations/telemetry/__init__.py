"""What the world tells about itself: metrics, logs and spans as arrays, and their OTLP encodings.

What belongs here: names, units, noise, sampling and encoding. What does not: anything that changes the world.
"""

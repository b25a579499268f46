# mypy: disable-error-code="no-untyped-def,assignment"
"""Where the attributes of data points lie, for the points whose series are new."""

from __future__ import annotations

from detectors.wire import tape as t
from detectors.wire.compiling import compiled


@compiled
def find_runs(buffer, tape, points, out):  # noqa: ANN001, ANN201 (numba infers them)
    """Writes the byte range that holds all attributes of each point, tags and whatever lies between with them.

    Args:
        buffer: the bytes that were walked.
        tape: of the walk.
        points: (n,) rows of points.
        out: (n, 2) begin and end; both 0 where a point has no attributes.
    """
    for place in range(len(points)):
        point = points[place]
        form = tape.metrics[tape.numbers[t.ROW, point], t.FORM]
        wanted = 9 if form == t.EXPLICIT else 1 if form == t.EXPONENTIAL else 7
        position = tape.numbers[t.OFFSET, point]
        end = position + tape.numbers[t.LENGTH, point]
        out[place, 0] = out[place, 1] = 0
        while position < end:
            first = position
            number, wire, position = t.tag(buffer, position, end)
            if position < 0:
                break
            position = t.skip(buffer, position, end, wire)
            if position < 0:
                break
            if number == wanted and wire == t.LEN:
                if out[place, 1] == 0:
                    out[place, 0] = first
                out[place, 1] = position

"""Maps: several references side by side, one brush, the examples behind it."""

from app import parts
from app.backend import workspace

workspace()
parts.empty("bubble_chart", "No dataset yet", "Run `ftft demo` for one with two references, or `ftft data add` for your own.")

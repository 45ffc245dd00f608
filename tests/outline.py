"""Points inside outlines, one at a time, in fractions: slow, plain, and exact. Only for tests."""

from fractions import Fraction


def is_inside(x, y, outline) -> bool:
    """Even-odd rule; edges belong to it."""
    x, y, odd = Fraction(x), Fraction(y), False
    corners = [(Fraction(a), Fraction(b)) for a, b in outline]
    for (px, py), (qx, qy) in zip(corners, corners[1:] + corners[:1], strict=True):
        cross = (qx - px) * (y - py) - (qy - py) * (x - px)
        if cross == 0 and min(px, qx) <= x <= max(px, qx) and min(py, qy) <= y <= max(py, qy):
            return True
        if (py > y) != (qy > y):
            odd ^= x < px + (y - py) * (qx - px) / (qy - py)
    return odd

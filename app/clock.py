"""Times as people say them: how long something took, and when it began on the reader's clock."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

THIN = "\u202f"


def reader_zone(name: str | None) -> tzinfo:
    """The time zone that the browser names; UTC where it names none that is known here."""
    try:
        return ZoneInfo(name) if name else UTC
    except ZoneInfoNotFoundError:
        return UTC


def duration(seconds: float) -> str:
    """0.4 -> "under 1 s", 41 -> "41 s", 192 -> "3 min 12 s", 7440 -> "2 h 04 min"."""
    whole = int(seconds)
    if whole < 1:
        return f"under 1{THIN}s"
    if whole < 60:
        return f"{whole}{THIN}s"
    if whole < 3600:
        return f"{whole // 60}{THIN}min {whole % 60:02d}{THIN}s"
    return f"{whole // 3600}{THIN}h {whole % 3600 // 60:02d}{THIN}min"


def about(seconds: float) -> str:
    """How long something will take, as finely as that can be known: 41 -> "41 s", 192 -> "3 min", 7440 -> "2 h 04 min"."""
    return duration(seconds) if not 60 <= seconds < 3600 else f"{round(seconds / 60)}{THIN}min"


def moment(iso: str, now: datetime, zone: tzinfo) -> str:
    """When an ISO time was, in the reader's time zone: "14:02" today, else "12 Nov 14:02"; the year where it is another one; "" for ""."""
    if not iso:
        return ""
    then, today = datetime.fromisoformat(iso).astimezone(zone), now.astimezone(zone)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    return f"{then.day} {then:%b %H:%M}" if then.year == today.year else f"{then.day} {then:%b %Y}"

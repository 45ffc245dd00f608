"""Small pieces that pages share: number formats, headers, bars, pills, findings. Markup only; whatever comes from data is escaped."""

import html
from collections.abc import Iterable
from typing import Any

import streamlit as st

from app import theme

THIN = "\u202f"  # narrow no-break space

# ---- numbers


def num(n: int) -> str:
    """66000 -> "66 000", with thin spaces."""
    return f"{n:,}".replace(",", THIN)


def of(n: int, whole: int) -> str:
    """ "312 of 18 000"."""
    return f"{num(n)} of {num(whole)}"


def plural(n: int, noun: str) -> str:
    """ "1 run", "3 runs"."""
    return f"{num(n)} {noun}{'' if n == 1 else 's'}"


def pct(share: float, digits: int = 0) -> str:
    """0.329 -> "33 %"."""
    return f"{100 * share:.{digits}f}{THIN}%"


def signed(value: float, digits: int = 1) -> str:
    """ "+1.4" or "−0.6", with a real minus; zero has no sign."""
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def sentence(text: str) -> str:
    """With a capital at the start and no full stop at the end: errors have neither."""
    return text[:1].upper() + text[1:].rstrip(".")


# ---- page furniture


def page_header(title: str, lead: str) -> Any:
    """Title and one sentence on one line; returns the container at the right for the page's own controls."""
    with st.container(horizontal=True, vertical_alignment="center", key="page_header"):
        st.html(f"<div class='page-head'><h1>{html.escape(title)}</h1><p>{html.escape(lead)}</p></div>")
        return st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", width="content")


def section(title: str, note: str = "") -> None:
    """A section's title with a muted note beside it."""
    st.html(section_markup(title, note))


def section_markup(title: str, note: str = "") -> str:
    """The same to put together with what is in it."""
    return f"<div class='section'><h2>{html.escape(title)}</h2><span title='{html.escape(note)}'>{html.escape(note)}</span></div>"


def empty(icon: str, title: str, what_next: str) -> None:
    """An empty state: what there is not, and what to do next. `what_next` may hold `code` in backticks."""
    st.html(f"<div class='empty'><span class='icon'>{icon}</span><b>{html.escape(title)}</b><p>{with_code(what_next)}</p></div>")


def finding(kind: str, icon: str, title: str, remedy: str = "") -> str:
    """One finding as markup. `kind`: good, warn, bad or muted; `icon`: name of a Material symbol."""
    more = f"<p>{with_code(remedy)}</p>" if remedy else ""
    return f"<div class='finding'><span class='icon {kind}'>{icon}</span><div><b>{html.escape(title)}</b>{more}</div></div>"


def pill(text: str, kind: str = "muted") -> str:
    """A small label as markup. `kind`: accent, muted, good, warn or bad."""
    return f"<span class='pill {kind}'>{html.escape(text)}</span>"


def with_code(text: str) -> str:
    """Escaped text in which `backticks` become code."""
    pieces = html.escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if k % 2 else piece for k, piece in enumerate(pieces))


# ---- bars


def bars(rows: Iterable[tuple[str, float, float, str]], caption: str = "") -> str:
    """Rows of (name, value, reference, colour), value and reference in [0, 1], as markup: a bar, and a tick where the reference lies."""
    cells = "".join(
        f"<span class='n'>{html.escape(name)}</span>"
        f"<span class='track'><i style='width:{100 * value:.1f}%;background:{colour}'></i>"
        f"<u style='left:{100 * reference:.1f}%'></u></span>"
        f"<span class='v'>{pct(value)}</span>"
        for name, value, reference, colour in rows
    )
    head = f"<p>{html.escape(caption)}</p>" if caption else ""
    return f"<div class='bars'>{head}<div>{cells}</div></div>"


def stack(shares: Iterable[tuple[float, str, str]], height: int = 10) -> str:
    """One horizontal bar cut into (share in [0, 1], colour, tooltip), as markup."""
    cells = "".join(
        f"<i title='{html.escape(tip)}' style='width:{100 * share:.2f}%;background:{colour}'></i>" for share, colour, tip in shares
    )
    return f"<div class='stack' style='height:{height}px'>{cells}</div>"


def label_stack(counts: dict[str, int], height: int = 8) -> str:
    """The label shares of a set of examples as one bar, in the labels' colours; `counts` in the dataset's order."""
    whole = max(sum(counts.values()), 1)
    colours = theme.label_colours(len(counts))
    return stack(
        [(n / whole, colours[k], f"{name} {pct(n / whole)}") for k, (name, n) in enumerate(counts.items())],
        height,
    )

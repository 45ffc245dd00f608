"""How far a region of one run's map is a property of the examples, and how far it is that run's luck: said wherever a mean map is shown."""

import html

import streamlit as st

from app import parts
from app.panels.choice import Choice
from app.panels.scrubber import BY, TOP
from ftft import Workspace


def stability(ws: Workspace, choice: Choice) -> None:
    """One line for each mean map: how much of their top two of its runs share, and how reliable its ranking is, beside that of one run."""
    for mean in (run for run in choice.runs if run.is_mean):
        found = ws.stability([run.id for run in mean.runs], top=TOP, by=BY, epochs=choice.epochs_of(mean))
        overlap, rank = found["overlap"], found["rank"]
        two = "Both runs" if len(mean.runs) == 2 else f"Two of its {len(mean.runs)} runs"
        said = (
            f"<b>{html.escape(mean.label[:1].upper() + mean.label[1:])}.</b> {two} share <b>{parts.pct(overlap['value'])}</b> "
            f"[{parts.pct(overlap['low'])}, {parts.pct(overlap['high'])}] of their top {parts.pct(TOP)} by {BY}; chance gives "
            f"{parts.pct(overlap['chance'])}, label shares alone {parts.pct(overlap['chance_within_labels'])}. "
            f"{parts.of(found['always'], found['n'])} examples are in every top, {parts.num(found['sometimes'])} in some. "
        )
        if rank["single"] is not None:
            one, mean_of_all = (f"{rank[name]:.2f}".replace("-", "−") for name in ("single", "mean"))
            said += f"The ranking of one run agrees with another's at {one}; that of this mean would at {mean_of_all}."
        hint = (
            "The interval is over examples, with these runs. The last number is foreseen by Spearman and Brown's formula. "
            "Colour the maps by the spread or by the share of runs to see which examples are meant."
        )
        st.html(f"<p class='note' title='{html.escape(hint)}'>{said}</p>")

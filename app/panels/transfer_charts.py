"""The Transfer page's pictures: movement between regions, every pair, overlap over q, labels, ranks."""

import html
from typing import Any

import numpy as np
import streamlit as st

from app import colour, parts, theme, transfermodel
from app.transfermodel import MEASURES, Cell, Question, two
from ftft import Workspace

REGIONS = ("easy", "ambiguous", "hard")
CELLS = 50  # of the picture of ranks, a side
HEIGHT = 320


def movement(question: Question, pair: dict[str, Any]) -> None:
    """Where the examples of the reference's regions lie on the target's map."""
    a, b = question.reference.label, question.target.label
    parts.section("Movement", f"regions on {a} (left) and on {b} (right)")
    counts, t = np.array(pair["regions"]), theme.tokens()
    colours, share_a, share_b = [t[name] for name in REGIONS], counts.sum(1) / pair["n"], counts.sum(0) / pair["n"]
    source, target = np.divmod(np.arange(9), 3)
    sankey = {
        "type": "sankey", "arrangement": "fixed",
        "node": {
            "label": [f"{name} {parts.pct(s)}" for s_ in (share_a, share_b) for name, s in zip(REGIONS, s_, strict=True)],
            "color": colours * 2, "x": [0.001] * 3 + [0.999] * 3, "y": [*_middles(share_a), *_middles(share_b)], "pad": 14, "thickness": 12,
            "line": {"width": 0}, "hovertemplate": "%{label}<extra></extra>",
        },
        "link": {
            "source": source.tolist(), "target": (target + 3).tolist(), "value": counts.ravel().tolist(),
            "color": [colour.faded(colours[s], 0.5 if s == k else 0.25) for s, k in zip(source, target, strict=True)],
            "hovertemplate": "%{source.label} → %{target.label}: %{value:,} examples<extra></extra>",
        },
        "textfont": {"color": t["ink"], "size": 12, "shadow": "none"},
    }  # fmt: skip
    stay = np.trace(counts) / pair["n"]
    fig = theme.figure(sankey, height=HEIGHT, margin={"l": 4, "r": 4, "t": 8, "b": 10})
    theme.show(fig, key="movement", alt=f"Movement between easy, ambiguous and hard from {a} to {b}: {parts.pct(stay)} stay")
    st.html(f"<p class='hint'>{parts.pct(stay)} of the examples are in the same region on both maps.</p>")


def _middles(share: np.ndarray) -> list[float]:
    """Of nodes on top of each other, with a little room between them."""
    room = 0.04
    heights = share * (1 - room * (len(share) - 1))
    tops = np.concatenate(([0], heights.cumsum()[:-1])) + room * np.arange(len(share))
    return np.clip(tops + heights / 2, 0.001, 0.999).tolist()


# ---- every pair


def every_pair(question: Question, pairs: list[dict[str, Any]], checks: list[dict[str, Any]]) -> None:
    """A matrix with its numbers in the cells; on the diagonal each model with itself."""
    with st.container(horizontal=True, vertical_alignment="center"):
        parts.section("Every pair")
        st.space("stretch")
        name = st.selectbox(
            "Measure", list(MEASURES), key="transfer_pairs", label_visibility="collapsed", width=240, persist_state="session"
        )
    measure = MEASURES.get(name or "", next(iter(MEASURES.values())))
    cells = transfermodel.matrix(question, pairs, checks, measure)
    labels = {run.id: run.label for run in question.every}
    names = [labels[i] for i in question.ids]
    t, n = theme.tokens(), len(names)
    z = np.full((n, n), np.nan)
    for cell in cells:
        z[cell.row, cell.column] = np.nan if cell.value is None else cell.value
    heat = {
        "type": "heatmap", "z": [[None if np.isnan(v) else v for v in row] for row in z], "x": list(range(n)), "y": list(range(n)),
        "zmin": 0, "zmax": measure.high,
        "colorscale": [[k / 10, colour.blend(t["panel"], t["accent"], 0.08 + 0.092 * k)] for k in range(11)],
        "showscale": False, "xgap": 2, "ygap": 2, "hoverongaps": False, "customdata": [[f"{a} and {b}" for b in names] for a in names],
        "hovertemplate": "%{customdata}: %{z:.3f}<extra></extra>",
    }  # fmt: skip
    ticks = {"tickvals": list(range(n)), "ticktext": [_short(name) for name in names], "showgrid": False}
    fig = theme.figure(
        heat, height=HEIGHT, annotations=[_number(cell, measure.high) for cell in cells],
        xaxis=ticks | {"tickangle": 0 if n < 4 else -24}, yaxis=ticks | {"autorange": "reversed"},
    )  # fmt: skip
    theme.show(fig, key="pairs", alt=f"{measure.name} of every pair of runs")
    said = ["Diagonal: the same model with another seed and order, where there is one."] if measure.itself else []
    if any(cell.same_order for cell in cells):
        said.append("* same data order: alike by it alone.")
    st.html(f"<p class='hint'>{' '.join(said) or 'Larger is more alike; 0 is what label shares, or chance, would give.'}</p>")


def _number(cell: Cell, high: float) -> dict[str, Any]:
    t = theme.tokens()
    strong = cell.value is not None and cell.value / high > 0.55
    text = two(cell.value) if cell.value is not None or cell.row != cell.column else ""
    look = f"<i>{text}</i>" if cell.row == cell.column else f"{text}{'*' if cell.same_order else ''}"
    return {"x": cell.column, "y": cell.row, "text": look, "font": {"size": 12.5, "color": t["bg"] if strong else t["ink"]}}


def _short(name: str) -> str:
    """Escaped for Plotly, which reads a few tags, and not longer than an axis can bear."""
    name = name if len(name) <= 26 else f"{name[:25]}…"
    return html.escape(name)


# ---- overlap over q


def overlap_over_q(question: Question, pairs: list[dict[str, Any]]) -> None:
    """The overlap with the target at every q, with what chance, labels and another seed give."""
    parts.section("Overlap at every q", f"share of the most ambiguous of {question.target.label} that a reference finds too")
    curves, t = {pair["a"]: pair["curve"] for pair in pairs if pair["b"] == question.target.id}, theme.tokens()
    labels, mine = {run.id: run.label for run in question.every}, curves[question.reference.id]
    others = [run.id for run in question.references if run.id != question.reference.id]
    name, looks = labels[question.reference.id], _looks(t)
    known = [what for what in ("chance", "chance_within_labels", "ceiling") if mine[0][what] is not None]
    traces = [
        _band(mine, t["accent"]),
        *(_line(curves[run], "value", labels[run], looks["others"][1]) for run in others),
        *(_line(mine, what, looks[what][0], looks[what][1]) for what in known),
        _line(mine, "value", name, looks["value"][1]),
    ]
    here = {
        "type": "line",
        "x0": question.q,
        "x1": question.q,
        "y0": 0,
        "y1": 1,
        "line": {"color": t["line"], "width": 1},
        "layer": "below",
    }
    share = {"title": "q, the most ambiguous share", "tickformat": ".0%", "range": [0.03, 0.92]}
    fig = theme.figure(
        *traces, height=HEIGHT - 28, shapes=[here], xaxis=share | {"tickvals": sorted({0.05, 0.2, question.q, 0.5, 0.7, 0.9})},
        yaxis={"title": "overlap", "range": [0, 1.02], "dtick": 0.25}, showlegend=False,
    )  # fmt: skip
    shown = ["value", *(["others"] if others else []), *known]
    keys = "".join(_key(name if what == "value" else looks[what][0], looks[what][1]) for what in shown)
    st.html(f"<div class='keys'>{keys}</div>")
    theme.show(fig, key="overlap", alt="Overlap of the most ambiguous examples over q, with chance, label shares and ceiling")
    st.html(
        f"<p class='hint'>Band: 95{parts.THIN}% interval over examples. Towards q = 1 every line ends at 1, whatever the maps: "
        "look at the distance between them.</p>"
    )


def _looks(t: dict[str, str]) -> dict[str, tuple[str, dict[str, Any]]]:
    """What each kind of line is called, and how it is drawn."""
    return {
        "value": ("", {"color": t["accent"], "width": 2.6}),
        "others": ("other references", {"color": t["faint"], "width": 1.3}),
        "chance": ("chance", {"color": t["muted"], "width": 1.5, "dash": "dot"}),
        "chance_within_labels": ("label shares alone", {"color": t["loss"], "width": 1.5, "dash": "dash"}),
        "ceiling": ("ceiling: a model with itself", {"color": t["gain"], "width": 2, "dash": "dash"}),
    }


def _key(name: str, line: dict[str, Any]) -> str:
    style = {"dot": "dotted", "dash": "dashed"}.get(line.get("dash", ""), "solid")
    return f"<span><i style='border-top:{max(2, round(line['width']))}px {style} {line['color']}'></i>{html.escape(name)}</span>"


def _line(curve: list[dict[str, Any]], key: str, name: str, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines+markers" if key == "value" else "lines", "x": [point["q"] for point in curve],
        "y": [point[key] for point in curve], "line": line, "marker": {"size": 5},
        "hovertemplate": f"{html.escape(name)}, top %{{x:.0%}}: %{{y:.2f}}<extra></extra>",
    }  # fmt: skip


def _band(curve: list[dict[str, Any]], accent: str) -> dict[str, Any]:
    q, low, high = ([point[key] for point in curve] for key in ("q", "low", "high"))
    return {
        "type": "scatter", "mode": "lines", "x": q + q[::-1], "y": high + low[::-1], "fill": "toself",
        "fillcolor": colour.faded(accent, 0.18), "line": {"width": 0}, "hoverinfo": "skip",
    }  # fmt: skip


# ---- labels and ranks


def by_label(question: Question, pair: dict[str, Any]) -> None:
    """Which labels the tops hold, and how well they agree in each."""
    a, b, q = question.reference.label, question.target.label, parts.pct(question.q)
    parts.section("By label", f"the {q} most ambiguous, label by label")
    colours = theme.label_colours(len(pair["labels"]))
    lines = "".join(_label_row(label, colours[k]) for k, label in enumerate(pair["labels"]) if label["n"])
    head = "".join(
        f"<th class='r' title='{html.escape(hint)}'>{name}</th>"
        for name, hint in (
            ("examples", "With this label, of those that both saw"),
            ("top ref.", f"Share of the label in the top of {a}"),
            ("top main", f"Share of the label in the top of {b}"),
            ("found", f"Of the top of {b} with this label, the share that the top of {a} holds too"),
            ("chance", f"The same if {a} drew as many of this label at random"),
        )
    )
    with st.container(height=HEIGHT if len(pair["labels"]) > 9 else "content", border=False):
        st.html(f"<table class='grid labels'><tr><th>label</th>{head}<th></th></tr>{lines}</table>")
    st.html(
        "<p class='hint'>Found: of the main model's top with this label, what the reference's top holds too. Chance: if the reference drew "
        "as many of the label at random. Where a label fills a top, agreement is cheap.</p>"
    )


def _label_row(label: dict[str, Any], dot: str) -> str:
    shares = [parts.pct(label[top] / label["n"]) for top in ("top_a", "top_b")]
    cells = [parts.num(label["n"]), *shares, two(label["overlap"]), two(label["chance"])]
    strip = ""
    if label["overlap"] is not None:
        strip = (
            f"<div class='strip'><u style='left:{100 * label['chance']:.1f}%' title='by chance'></u>"
            f"<i class='on' style='left:{100 * label['overlap']:.1f}%'></i></div>"
        )
    numbers = "".join(f"<td class='r'>{cell}</td>" for cell in cells)
    return f"<tr><td><i class='dot' style='background:{dot}'></i>{html.escape(label['label'])}</td>{numbers}<td>{strip}</td></tr>"


def ranks(ws: Workspace, question: Question, metric: str) -> None:
    """How many examples have which ranks on both maps."""
    a, b = question.reference, question.target
    parts.section(f"Ranks of {metric}", "stronger: more examples")
    counts = ws.rank_counts(a.id, b.id, metric, CELLS, question.epochs).T  # rows upwards: the target
    t, middle = theme.tokens(), (np.arange(CELLS) + 0.5) / CELLS
    shade = np.sqrt(counts / max(counts.max(), 1))
    heat = {
        "type": "heatmap", "x": middle.tolist(), "y": middle.tolist(), "z": [[v or None for v in row] for row in shade.tolist()],
        "customdata": counts.tolist(), "colorscale": [[k / 10, colour.blend(t["bg"], t["accent"], 0.06 + 0.094 * k)] for k in range(11)],
        "zmin": 0, "zmax": 1, "showscale": False, "hoverongaps": False,
        "hovertemplate": "ranks %{x:.0%} and %{y:.0%}: %{customdata:,} examples<extra></extra>",
    }  # fmt: skip
    diagonal = {"type": "line", "x0": 0, "x1": 1, "y0": 0, "y1": 1, "line": {"color": t["muted"], "width": 1, "dash": "dot"}}
    axis = {"range": [0, 1], "tickformat": ".0%", "tickvals": [0.25, 0.5, 0.75, 1], "showgrid": False}
    fig = theme.figure(
        heat,
        height=HEIGHT,
        shapes=[diagonal],
        xaxis=axis | {"title": f"rank on {_short(a.label)}"},
        yaxis=axis | {"title": f"rank on {_short(b.label)}"},
    )
    theme.show(fig, key="ranks", alt=f"Counts of examples by their rank of {metric} on {a.label} and on {b.label}")

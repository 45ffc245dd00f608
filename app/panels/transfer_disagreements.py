"""The examples on which two maps differ most: to be read, and to be taken to the Maps page with one click."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import brush, parts, theme
from app.panels.choice import Choice
from app.transfermodel import Question
from ftft import Workspace
from ftft.domain import Step

HOW_MANY = (20, 100, 500)
ORDER = ("id", "gold", "text", "gap", "a", "b", "curve_a", "curve_b")


def disagreements(ws: Workspace, choice: Choice, question: Question, metric: str) -> None:
    """The table and the button. Ranks are compared, since models differ in how sure they are of everything."""
    a, b = question.reference.label, question.target.label
    with st.container(horizontal=True, vertical_alignment="center"):
        parts.section("Largest disagreements", f"{metric} ranks, {a} minus {b}: often label noise, or a shortcut that one model takes")
        st.space("stretch")
        limit = st.selectbox("How many", HOW_MANY, 1, key="transfer_limit", label_visibility="collapsed", width=90) or HOW_MANY[1]
        frame = ws.disagreements(question.reference.id, question.target.id, metric, limit, question.epochs)
        if st.button(
            f"Select these {parts.num(len(frame))} on Maps", icon=":material/bubble_chart:", key="select_disagreements", type="primary"
        ):
            brush.select(choice.dataset.name, Step("new", "ids", {"ids": frame["id"].tolist()}))
            st.switch_page("views/maps.py")
    st.dataframe(
        _with_texts(ws, choice, frame),
        hide_index=True,
        height=352,
        row_height=30,
        column_order=ORDER,
        column_config=_columns(metric),
        key="gaps",
    )


def _with_texts(ws: Workspace, choice: Choice, frame: pd.DataFrame) -> pd.DataFrame:
    mask_N = np.zeros(len(ws.data.ids(choice.dataset.name)), dtype=bool)
    mask_N[frame["row"].to_numpy()[frame["row"] >= 0]] = True
    texts, _ = ws.examples(choice.dataset.name, mask_N, sort="row", descending=False, limit=len(frame))
    of_id = dict(zip(texts["id"], texts["text"], strict=True))
    frame = frame.assign(text=[of_id.get(example, "") for example in frame["id"]])
    empty = [name for name in ("curve_a", "curve_b") if all(curve is None for curve in frame[name])]
    return frame.drop(columns=["row", "rank_a", "rank_b", *empty])


def _columns(metric: str) -> dict[str, Any]:
    t, column = theme.tokens(), st.column_config
    high = 1.0 if metric == "confidence" else 0.5
    short = {"confidence": "conf.", "variability": "var."}[metric]
    return {
        "id": column.TextColumn(width=80),
        "gold": column.TextColumn("label", width=85),
        "text": column.TextColumn(width=210),
        "gap": column.NumberColumn(
            "rank gap", format="%+.2f", width=70, help="Rank on the reference minus rank on the main model, as shares"
        ),
        "a": column.ProgressColumn(f"{short} reference", min_value=0, max_value=high, format="%.2f", color=t["accent"], width=105),
        "b": column.ProgressColumn(f"{short} main", min_value=0, max_value=high, format="%.2f", color=t["muted"], width=105),
        "curve_a": column.LineChartColumn("p reference", y_min=0, y_max=1, color=t["accent"], width=90),
        "curve_b": column.LineChartColumn("p main", y_min=0, y_max=1, color=t["muted"], width=90),
    }

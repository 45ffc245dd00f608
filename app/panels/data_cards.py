"""The list of datasets on the left of the Data page."""

import streamlit as st

from app import parts
from ftft.domain import Dataset


def chosen(datasets: dict[str, Dataset]) -> str:
    """The name of the dataset that is open: the one clicked last, else the one in the address, else the newest."""
    if st.session_state.get("data_open") not in datasets:
        asked_for = st.query_params.get("dataset")
        st.session_state["data_open"] = asked_for if asked_for in datasets else next(iter(datasets))
    return st.session_state["data_open"]


def card(dataset: Dataset, is_open: bool) -> None:
    """Name, label shares and counts of one dataset; the card's title opens it."""
    with st.container(border=True, key=f"card_{'on' if is_open else 'off'}_{dataset.name}", gap=None):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(f"**{dataset.name}**", type="tertiary", key=f"open_{dataset.name}", on_click=_open, args=(dataset.name,))
            st.space("stretch")
            if dataset.warnings:
                st.badge(f"{len(dataset.warnings)} to check", color="orange", icon=":material/warning:")
            else:
                st.badge("clean", color="green", icon=":material/check:")
        outside = sum(split.distribution == "ood" for split in dataset.evaluations)
        counts = " · ".join(
            [
                parts.plural(dataset.train.rows, "row"),
                parts.plural(len(dataset.labels), "label"),
                f"{parts.plural(len(dataset.evaluations), 'evaluation set')}, {outside} OOD",
            ]
        )
        st.html(f"{parts.label_stack(dataset.train.labels)}<div class='meta'>{counts}</div>")


def _open(name: str) -> None:
    st.session_state["data_open"] = name

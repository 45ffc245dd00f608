"""The one Workspace of this process. Pages get it here; the launcher says which folder by `$FTFT_WORKSPACE`."""

import streamlit as st

from ftft import Workspace


@st.cache_resource(show_spinner=False)
def workspace() -> Workspace:
    """The workspace, owned by this process from the first call on: epochs that runs publish are ingested in a thread."""
    ws = Workspace()
    ws.own()
    return ws

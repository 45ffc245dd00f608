"""The one Workspace of this process. Pages get it here; the launcher says which folder by `$FTFT_WORKSPACE`."""

import os

import streamlit as st

from ftft import Workspace


@st.cache_resource(show_spinner=False)
def workspace() -> Workspace:
    """The workspace, owned by this process from the first call on: epochs that runs publish are ingested in a thread.

    With `read_only` nothing of that: the folder stays as it is.
    """
    ws = Workspace(runner=not read_only(), read_only=read_only())
    ws.own()
    return ws


def read_only() -> bool:
    """Was the app started with --read-only? Then every button that writes is disabled."""
    return os.environ.get("FTFT_READ_ONLY") == "1"


def remote_code() -> bool:
    """Was the app started with --allow-remote-code? Only then may a page offer to run a model's own code."""
    return os.environ.get("FTFT_REMOTE_CODE") == "1"

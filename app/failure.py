"""What a reader sees when something goes wrong: a sentence and a remedy, never a traceback. That one goes to the server's log."""

import html
import logging

import streamlit as st

from app import parts
from ftft.errors import FtftError

log = logging.getLogger(__name__)


def show(problem: Exception) -> bool:
    """Streamlit's `on_script_error`: called for pages, callbacks and fragments alike. True: Streamlit shows nothing of its own."""
    if isinstance(problem, FtftError):
        st.html(parts.finding("warn", "info", parts.sentence(problem.message), parts.sentence(problem.remedy)))
        return True
    log.error("the page failed", exc_info=problem)
    st.html(
        parts.finding(
            "bad", "error", "This page could not be drawn",
            f"That is a mistake in the software, not yours. The server's log, in the terminal where `ftft app` runs, "
            f"says what happened ({html.escape(type(problem).__name__)}). Reloading the page often helps.",
        )
    )  # fmt: skip
    return True

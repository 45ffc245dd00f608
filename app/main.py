"""Entry script of every page: frame, style, navigation."""

from pathlib import Path

import streamlit as st

from app import parts, theme
from app.backend import read_only, workspace
from app.panels import notices

HERE = Path(__file__).resolve().parent
PAGES = (
    ("data", "Data", "database"),
    ("maps", "Maps", "bubble_chart"),
    ("transfer", "Transfer", "compare_arrows"),
    ("launch", "Launch", "rocket_launch"),
    ("runs", "Runs", "play_circle"),
    ("results", "Results", "leaderboard"),
    ("stability", "Stability", "balance"),
)

# A ":material/…:" page icon would be fetched from fonts.gstatic.com, so the page carries a picture of its own.
st.set_page_config(page_title="ftft", page_icon=str(HERE / "icon.png"), layout="wide")
st.logo(str(HERE / "icon.png"), size="small")
st.html(f"<style>:root{{{theme.css_variables()}}}{(HERE / 'style.css').read_text()}</style>")
if read_only():
    with st.container(key="read_only"):
        st.html(f"<span title='Started with --read-only: nothing in the workspace can be changed here'>{parts.pill('read-only')}</span>")

pages = [
    st.Page(HERE / "views" / f"{name}.py", title=title, icon=f":material/{icon}:", url_path=name, default=name == "maps")
    for name, title, icon in PAGES
]
page = st.navigation(pages, position="top")
notices.watch(workspace())
page.run()

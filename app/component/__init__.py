"""The linked maps: a Streamlit v2 component on Plotly's own JavaScript."""

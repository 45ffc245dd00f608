"""The app: thin Streamlit pages over `ftft.Workspace`. It starts without torch; `ftft app` calls `app.server.serve`."""

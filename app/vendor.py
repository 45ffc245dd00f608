"""How plotly.min.js (4.8 MB) gets into the browser early and cheaply: it is the largest part of the Maps page's first paint."""

from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles


class Vendor(StaticFiles):
    """Files that change with an installed package only. Not compressed: that costs 0.3 s of CPU each time, and the reader is near."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """The file, to be kept by the browser for a day and passed on as it is."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=86400"
        response.headers["Content-Encoding"] = "identity"  # what keeps Streamlit's middleware from compressing it
        return response


class EarlyPlotly:
    """Middleware: tells the browser to fetch Plotly while Streamlit's own files still load."""

    def __init__(self, app: Any, page: str = "/") -> None:
        self.app, self.page = app, page

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Adds the header to the answer at `page`, and touches nothing else."""

        async def with_link(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = message | {"headers": [*message["headers"], (b"link", b"<vendor/plotly.min.js>; rel=preload; as=script")]}
            await send(message)

        await self.app(scope, receive, with_link if scope["type"] == "http" and scope["path"] == self.page else send)

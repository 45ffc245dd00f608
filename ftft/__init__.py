"""Dataset cartography, FTFT and stable fine-tuning: train reference models, see their data maps, fine-tune on what matters.

`import ftft` is cheap: torch, transformers, duckdb and streamlit are loaded by what needs them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ftft.recording import Recorder
    from ftft.train.callback import DynamicsCallback
    from ftft.train.stabilisers.surt import surt
    from ftft.train.stabilisers.together import stabilise
    from ftft.workspace import Workspace

__version__ = "0.1.0"
__all__ = ["DynamicsCallback", "Recorder", "Workspace", "__version__", "stabilise", "surt"]

_WHERE = {
    "DynamicsCallback": "ftft.train.callback", "Recorder": "ftft.recording", "Workspace": "ftft.workspace",
    "stabilise": "ftft.train.stabilisers.together", "surt": "ftft.train.stabilisers.surt",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'ftft' has no attribute {name!r}")

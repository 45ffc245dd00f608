"""Dataset cartography, FTFT and stable fine-tuning: train reference models, see their data maps, fine-tune on what matters.

`import ftft` is cheap: torch, transformers, duckdb and streamlit are loaded by what needs them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ftft.workspace import Workspace

__version__ = "0.1.0"
__all__ = ["Workspace", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Workspace":
        return import_module("ftft.workspace").Workspace
    raise AttributeError(f"module 'ftft' has no attribute {name!r}")

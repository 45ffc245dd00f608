import subprocess
import sys

HEAVY = ("torch", "transformers", "duckdb", "streamlit", "pandas", "matplotlib")


def loaded_by(statement: str) -> list[str]:
    code = f"import sys; {statement}; print([m for m in {HEAVY!r} if m in sys.modules])"
    return eval(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def test_importing_ftft_loads_nothing_heavy():
    assert loaded_by("import ftft") == []


def test_the_workspace_is_there_without_torch():
    assert not {"torch", "transformers", "streamlit"} & set(loaded_by("import ftft; ftft.Workspace"))

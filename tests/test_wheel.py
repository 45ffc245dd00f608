import subprocess
import sys
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def test_the_wheel_carries_the_app_its_config_and_the_demos_models(tmp_path):
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(tmp_path),
        str(REPOSITORY),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    bundle = {n.removeprefix("ftft/_bundle/") for n in names if n.startswith("ftft/_bundle/")}
    assert {"app/server.py", "app/main.py", "app/style.css", "app/component/js/mount.js", "streamlit_config.toml"} <= bundle
    assert "data/models/bert-2x64/model.safetensors" in bundle
    assert not [n for n in names if n.startswith(("app/", "data/", "tests/"))], "a folder called app must not land in site-packages"
    assert wheel.stat().st_size < 8e6

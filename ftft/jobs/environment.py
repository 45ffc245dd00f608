"""Which environment variables a run takes from whoever asked for it, whoever started the runner.

Secrets stay where they are: a run gets those of the process that started the runner, and none is written to the disk.
"""

import os
import re
from collections.abc import Mapping

from ftft.jobs.lock import TOKEN

_CARRIED = re.compile(
    r"(HF|TRANSFORMERS|TOKENIZERS|TORCH|PYTORCH|CUDA|NCCL|OMP|MKL|WANDB|MLFLOW|TRACKIO|TENSORBOARD)_.*"
    r"|(HTTP|HTTPS|ALL|NO)_PROXY|SSL_CERT_FILE|REQUESTS_CA_BUNDLE",
    re.IGNORECASE,
)
_SECRET = re.compile(r".*(KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL)(?!IZERS).*", re.IGNORECASE)


def carried(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What of `environment` goes with a run into the queue. An address with a password in it stays behind."""
    return {name: value for name, value in environment.items() if _is_carried(name) and "@" not in value}


def for_attempt(asked: Mapping[str, str], own: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of an attempt: the runner's `own`, with what whoever asked for the run had in place of the runner's."""
    kept = {name: value for name, value in own.items() if name != TOKEN and not (_is_carried(name) and "@" not in value)}
    return {"TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1", **kept, **asked}


def _is_carried(name: str) -> bool:
    return bool(_CARRIED.fullmatch(name)) and not _SECRET.fullmatch(name)

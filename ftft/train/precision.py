"""Which numbers and which attention kernel a device trains fastest with: a rule, since by a stopwatch two seeds could come to differ.

Measured on a Xeon with AMX, forward and backward, BERT of 2 x 64 to 6 x 384, 16 to 200 tokens: bf16 autocast with *eager* attention took
1.0 to 2.6 times less time than fp32 and was never slower; with SDPA it was up to 1.5 times slower than with eager attention.
"""

from dataclasses import dataclass

import torch

from ftft.errors import InputError


@dataclass(frozen=True)
class Precision:
    """`name`: fp32, or bf16 or fp16 autocast over fp32 weights. `attention`: eager, or None for what transformers chooses."""

    name: str
    attention: str | None

    @property
    def dtype(self) -> torch.dtype | None:
        """The type of autocast, None without."""
        return {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[self.name]

    def autocast(self, device: torch.device) -> torch.autocast:
        """The context that a forward pass runs in."""
        return torch.autocast(device.type, self.dtype, enabled=self.dtype is not None)


def this_device() -> torch.device:
    """The one device that a run uses: the first accelerator in sight, else the CPU."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def choose(wanted: str, device: torch.device) -> Precision:
    """The precision for `wanted` ("auto", "fp32", "bf16", "fp16") on `device`."""
    if device.type == "cpu":
        if wanted == "fp16":
            raise InputError("--precision fp16 needs a GPU", "Use bf16, fp32 or auto")
        name = wanted if wanted != "auto" else "bf16" if _bf16_in_hardware() else "fp32"
        return Precision(name, None if name == "fp32" else "eager")
    if wanted == "auto":
        wanted = "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return Precision(wanted, None)


def _bf16_in_hardware() -> bool:
    able = torch.cpu.get_capabilities()
    return bool(able.get("amx_bf16") or able.get("avx512_bf16"))

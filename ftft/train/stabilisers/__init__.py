"""Stabilisers of fine-tuning, alone or together, for our runs and for anybody's `transformers.Trainer`.

    part.py        what a stabiliser can do to a run: redraw, attach, change the loss or the rates, act after an update, undo itself
    together.py    several of them as one; `stabilise(trainer, ["mmr", "llrd"])`
    margin.py      MMR           heads.py   MHLoss         mixout.py   Mixout
    layerwise.py   LLRD, re-initialisation                 decay.py    pre-trained weight decay
    surt.py        SURT, which comes before a run

Their names, options and sources are in ftft/domain/stabilisers.py, their exact definitions in docs/stability.md.
"""

from ftft.train.stabilisers.together import Together, stabilise

__all__ = ["Together", "stabilise"]

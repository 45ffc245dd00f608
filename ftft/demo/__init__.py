"""The bundled demo: a generated task on which the whole loop can be seen in minutes, without network. No model is loaded here."""

from ftft.demo.files import write
from ftft.demo.reviews import GROUPS, LABELS, SHIFTED, TRAINING, Mixture, Row, compose, splits, unlabelled
from ftft.demo.settings import DEMO, QUICK, Demo

__all__ = ["DEMO", "GROUPS", "LABELS", "QUICK", "SHIFTED", "TRAINING", "Demo", "Mixture", "Row", "compose", "splits", "unlabelled", "write"]

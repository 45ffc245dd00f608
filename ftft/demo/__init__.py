"""The bundled demo: a generated task on which the whole loop can be seen in minutes, without network. No model is loaded here."""

from ftft.demo.reviews import LABELS, SHIFTED, TRAINING, Mixture, Row, splits, unlabelled

__all__ = ["LABELS", "SHIFTED", "TRAINING", "Mixture", "Row", "splits", "unlabelled"]

"""How pages write what programs call otherwise."""

METRICS = {"accuracy": "accuracy", "macro_f1": "macro F1", "auroc": "AUROC"}
DISTRIBUTIONS = {"id": "in distribution", "ood": "out of distribution"}

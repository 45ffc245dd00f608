"""How pages write what programs call otherwise."""

METRICS = {"accuracy": "accuracy", "macro_f1": "macro F1", "auroc": "AUROC"}
DISTRIBUTIONS = {"id": "in distribution", "ood": "out of distribution"}
RULES = {"id_dev": "dev sets, in distribution", "ood_dev": "dev sets, out of distribution"}  # to stop by

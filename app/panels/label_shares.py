"""Label shares as bars with a tick where they are compared to: the balance, or the whole training set."""

from app import health, parts, theme


def bars(counts: dict[str, int], reference: dict[str, float], labels: tuple[str, ...], caption: str) -> str:
    """Markup; `counts` of the set that is shown, `reference` shares in [0, 1] by label, `caption` says what the tick is."""
    colours, now = theme.label_colours(len(labels)), health.shares(counts, labels)
    return parts.bars([(label, now[label], reference[label], colours[k]) for k, label in enumerate(labels)], caption)

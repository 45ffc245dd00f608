"""A results table as text: Markdown, LaTeX (booktabs) and CSV. Scores in points, mean ± SD over seeds; differences with 95 % intervals."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from ftft.errors import unknown
from ftft.publish import publish
from ftft.workspace.claims import NAMES, difference_in_words, p_in_words
from ftft.workspace.results import few

if TYPE_CHECKING:
    from ftft.workspace.results import Results, Row, Score

_OF_STABILITY = (
    "sd", "sd_low", "sd_high", "min", "max", "disagreement", "jsd", "one_minus_fleiss_kappa", "failed_share", "failed_low", "failed_high",
    "sd_ratio", "sd_ratio_low", "sd_ratio_high", "spread_p", "seconds_ratio",
)  # fmt: skip
_LATEX = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "±": r"$\pm$", "−": "$-$", "–": "--", "κ": r"$\kappa$"}


def write(results: "Results", file: Path) -> None:
    """Publishes the table as .csv, .md or .tex; InputError for another kind."""
    kind = file.suffix.lower()
    if kind not in WRITERS:
        raise unknown("kind of results file", kind, WRITERS)
    publish(file, lambda aside: aside.write_text(WRITERS[kind](results), encoding="utf-8"))


def records(results: "Results") -> list[dict[str, object]]:
    """A line for each method and column: everything that the table shows, as plain numbers."""
    found = results.to_json()
    of_method = ("method", "n_seeds", "failed_runs", "steps", "best_steps", "cost_ratio", "cost_main", "cost_reference", "break_even")
    return [
        {"experiment": found["experiment"], "dataset": found["dataset"], "metric": found["metric"], "baseline": found["baseline"]}
        | {name: method[name] for name in of_method}
        | {name: method[name] for name in _OF_STABILITY if name in method}
        | {"evaluation": column["name"], "distribution": column["distribution"], "role": column["role"]}
        | {("score_sd" if name == "sd" and "sd_low" in method else name): v for name, v in method["scores"][column["name"]].items()}
        for method in found["methods"]
        for column in found["evaluations"]
    ]


def as_csv(results: "Results") -> str:
    """`records`, with a line of names."""
    lines = records(results)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def grid(results: "Results") -> tuple[list[str], list[list[str]]]:
    """(heads, rows of cells), as a person reads them."""
    if results.experiment.kind == "stability":
        return _stability_grid(results)
    heads = ["method", "seeds", "steps", "cost", *(f"{c.name}{' (dev)' if c.role == 'dev' else ''}" for c in results.columns)]
    return heads, [_cells(results, row) for row in results.rows]


def notes(results: "Results") -> list[str]:
    """What a reader of the table must know."""
    seeds = min((len(row.done) for row in results.rows), default=0)
    worth = few(seeds)
    tested = f"p adjusted for {results.comparisons} comparisons (Holm)" if results.comparisons else worth or "no test"
    found = [
        f"{NAMES[results.metric]}{'' if results.metric == 'loss' else ' x 100'}, mean ± SD over seeds; in brackets the difference to "
        f"{results.baseline}, paired by seed, with a 95 % interval over seeds and examples; {tested}.",
        *(_stability_notes(results) if results.experiment.kind == "stability" else _ftft_notes(results)),
    ]
    if results.shared_reference:
        found.append("One reference run chose for all seeds: how far another's choice would differ is in no SD.")
    if failed := {row.method: row.states["failed"] for row in results.rows if row.states.get("failed")}:
        found.append(f"Failed runs, which are in no mean: {', '.join(f'{method} {n}' for method, n in failed.items())}.")
    return found


def _ftft_notes(results: "Results") -> list[str]:
    return [
        "Cost: FLOPs of the references and of a main run up to its stop, stopping and capture included, as a share of erm's.",
        f"Stop rule: {results.experiment.design.get('stop') or 'none'}; test sets stop nothing. Experiment {results.experiment.id}.",
    ]


def _stability_notes(results: "Results") -> list[str]:
    on, floor = results.instabilities.evaluation, results.instabilities.rows[results.baseline].floor
    failed = "" if floor is None else f" Failed: not above {100 * floor:.1f}, what the commonest answer scores."
    return [
        f"SD over seeds with its 95 % interval (normal scores), range, failed runs and agreement between runs: on {on}.{failed}",
        f"p: of spread equal to {results.baseline}'s (Brown and Forsythe, by medians, all runs), adjusted for all methods (Holm).",
        "Disagreement, JSD (nats) and 1 − Fleiss' kappa: means over pairs of runs. FLOPs and time: times those of standard, as measured.",
        f"Experiment {results.experiment.id}.",
    ]


def _stability_grid(results: "Results") -> tuple[list[str], list[list[str]]]:
    agreement = ["disagreement", "JSD", "1 − κ"]
    heads = ["method", "runs", "SD", "p", "range", "failed", *agreement, "FLOPs", "time", *(c.name for c in results.columns)]
    return heads, [_stability_cells(results, row) for row in results.rows]


def _stability_cells(results: "Results", row: "Row") -> list[str]:
    found = results.instabilities.rows[row.method]
    scale, digits = (1.0, 3) if results.metric == "loss" else (100.0, 1)

    def points(*values: float | None) -> list[str]:
        return ["–" if value is None else f"{scale * value:.{digits}f}" for value in values]

    sd, low, high = points(*(found.spread or (None, None, None)))
    lowest, highest = points(found.lowest, found.highest)
    disagreement, kappa = ("–" if v is None else f"{v:.3f}" for v in (found.disagreement, found.one_minus_fleiss_kappa))
    jsd = "–" if found.jsd is None else f"{found.jsd:.2g}"
    costs = ["–" if v is None else f"{v:.2f}" for v in (row.price.ratio, found.seconds)]
    runs = f"{len(row.done)} of {len(row.runs)}" if len(row.done) < len(row.runs) else str(len(row.done))
    failed = "–" if found.failed_share is None else str(len(found.failed))
    scores = [_score(results, row, row.scores[column.name]) for column in results.columns]
    spread = [f"{sd} [{low}, {high}]", "–" if found.p is None else p_in_words(found.p)]
    return [row.method, runs, *spread, f"{lowest} to {highest}", failed, disagreement, jsd, kappa, *costs, *scores]


def as_markdown(results: "Results") -> str:
    """A table with its notes below."""
    heads, rows = grid(results)
    lines = [heads, ["---"] * len(heads), *rows]
    body = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return body + "\n\n" + "\n".join(f"- {note}" for note in notes(results)) + "\n"


def as_latex(results: "Results") -> str:
    """A `tabular` for booktabs, its notes as comments and for a caption."""
    heads, rows = grid(results)
    lines = [" & ".join(map(_latex, line)) + r" \\" for line in rows]
    return "\n".join(
        [
            *(f"% {note}" for note in notes(results)),
            rf"\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}",
            r"\toprule",
            " & ".join(map(_latex, heads)) + r" \\",
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


WRITERS = {".csv": as_csv, ".md": as_markdown, ".tex": as_latex}


def _cells(results: "Results", row: "Row") -> list[str]:
    failed = row.states.get("failed", 0)
    seeds = f"{len(row.done)} of {len(row.runs)}" if len(row.done) < len(row.runs) else str(len(row.done))
    steps = "–" if row.steps is None else f"{row.steps:.0f}"
    cost = "–" if row.price.ratio is None else f"{100 * row.price.ratio:.0f} %"
    scores = [_score(results, row, row.scores[column.name]) for column in results.columns]
    return [row.method, f"{seeds} ({failed} failed)" if failed else seeds, steps, cost, *scores]


def _score(results: "Results", row: "Row", score: "Score") -> str:
    if score.mean is None:
        return "–"
    scale, digits = (1.0, 3) if results.metric == "loss" else (100.0, 1)
    sd = "" if score.sd is None else f" ± {scale * score.sd:.{digits}f}"
    own = f"{scale * score.mean:.{digits}f}{sd}"
    if row.method == results.baseline or score.difference is None:
        return own
    p = "" if score.p is None else f", p {score.p:.3f}" if score.p >= 0.001 else ", p < 0.001"
    return f"{own} ({difference_in_words(score.difference, results.metric).replace(' points', '')}{p})"


def _latex(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)

"""`ftft pretrain`: a small encoder of one's own, from raw text."""

from pathlib import Path

import click

from ftft.cli.output import common, emit, note


@click.command()
@click.option("--text", "files", multiple=True, required=True, type=click.Path(path_type=Path), metavar="FILE", help="One text a line.")
@click.option("--architecture", default="bert", show_default=True, help="bert, electra, deberta-v2, …")
@click.option("--layers", type=int, default=2, show_default=True)
@click.option("--hidden", type=int, default=128, show_default=True)
@click.option("--steps", type=int, default=1000, show_default=True)
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR")
@common
def pretrain(files: tuple[Path, ...], out: Path, workspace: str | None, as_json: bool, **recipe: str | int) -> None:
    """Pre-trains a small encoder on raw text by masked-language modelling.

    \b
    ftft pretrain --text corpus.txt --layers 2 --hidden 64 --steps 2000 --out models/tiny
    """
    from ftft.train.pretrain import Recipe, read_texts
    from ftft.train.pretrain import pretrain as train

    made = train(read_texts(files), out, Recipe(**recipe), _every(100))  # pyright: ignore[reportArgumentType]
    value = {"model": str(made.model), "parameters": made.parameters, "loss": made.loss}
    emit(as_json, value, lambda: f"{made.model}: {made.parameters:,} parameters, held-out loss {made.loss:.3f}")


def _every(steps: int):
    return lambda step, loss: note(f"step {step}, loss {loss:.3f}") if step % steps == 0 else None

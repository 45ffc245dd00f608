"""What is known of a model on a dataset before it is trained there: what an estimate is worked out from."""

from dataclasses import asdict, dataclass, field
from typing import Any

from ftft.domain.record import REMEDY
from ftft.errors import InputError

Coefficients = tuple[float, float, float, float]  # of a batch of B texts of L tokens: k + B (c + a L + b L²)


@dataclass(frozen=True)
class Speed:
    """Seconds, on the device of the profile: until training begins (and for the process to end), and of its parts.

    `update`, `forward`: (of one update or one batch, of a FLOP in it, of a shape that the processor's kernels are not prepared for).
    `row`: to publish one example's records. `byte`: to write one. `timed`: how many updates this was taken from.
    """

    start: float
    update: tuple[float, float, float]
    forward: tuple[float, float, float]
    row: float
    byte: float
    timed: int


@dataclass(frozen=True)
class Profile:
    """`forward`, `training`: FLOPs of a batch. `environment`: as in a verdict. `cut`: training texts longer than `max_length` tokens.
    `words`: weights of the matrix of token embeddings.

    Bytes: `model` as it is saved, `checkpoint`, and those of one example in the records of an epoch and in predictions. `memory`: of the
    process, or of the GPU where it trained on one, after batches of `shapes` shapes; each further shape of (an update, an evaluation) takes
    `shape_bytes`. `speed` and `memory` are None where measuring failed: `problem` says why.
    """

    forward: Coefficients
    training: Coefficients
    parameters: int
    words: int
    max_length: int
    cut: int
    model_bytes: int
    checkpoint_bytes: int
    record_bytes: float
    prediction_bytes: float
    environment: dict[str, Any] = field(default_factory=dict)
    speed: Speed | None = None
    memory_bytes: int | None = None
    shapes: int = 0
    shape_bytes: tuple[float, float] = (0.0, 0.0)
    problem: dict[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """All fields, `speed` as an object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Profile":
        """The inverse of `to_json`; InputError for what is no longer what was written."""
        try:
            speed = value["speed"]
            of_speed = {**speed, "update": tuple(speed["update"]), "forward": tuple(speed["forward"])} if speed else {}
            passes: Any = {name: tuple(map(float, value[name])) for name in ("forward", "training")}
            passes["shape_bytes"] = tuple(value["shape_bytes"])
            return cls(**{**value, **passes, "speed": Speed(**of_speed) if of_speed else None})
        except (KeyError, TypeError, ValueError) as problem:
            raise InputError(f"it is no profile of a model ({problem})", REMEDY) from problem

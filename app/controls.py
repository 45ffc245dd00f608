"""The runs that a run on a subset is compared with: what each is, and what it rules out."""

from dataclasses import dataclass

MAIN = "main"  # the name of what the controls stand beside


@dataclass(frozen=True)
class Control:
    """`name` as in docs/interface.md; `on`: unless somebody turns it off."""

    name: str
    title: str
    why: str
    on: bool


CONTROLS = {
    control.name: control
    for control in (
        Control("erm_early", "everything, same stop rule", "the baseline: stopping early alone may save as much", True),
        Control("erm", "everything, whole budget", "what full training reaches; it never stops", False),
        Control("erm_steps", "everything, the subset's steps", "as many steps as the subset's run of that seed took, and no more", False),
        Control("random", "random, same size", "what fewer examples, seen more often, do alone; drawn anew for each seed", True),
        Control("random_matched", "random, same size and label shares", "what the subset's label shares do alone", True),
    )
}


@dataclass(frozen=True)
class Offer:
    """A control on the form; `missing` says why it cannot be had, "" where it can."""

    control: Control
    on: bool
    missing: str = ""

    @property
    def key(self) -> str:
        """Of its toggle: another one where it is not on by itself, so that neither inherits the state of the other."""
        return f"{'control' if self.on else 'more'}_{self.control.name}"


def offers(stops: bool, labels_known: bool) -> list[Offer]:
    """What may stand beside runs on a subset. `stops`: a rule may end them early; `labels_known`: the subset is made."""
    shares = "" if labels_known else "the label shares are known once the subset is made"
    randoms = [Offer(CONTROLS["random"], True), Offer(CONTROLS["random_matched"], not shares, shares)]
    if not stops:  # erm_early would be the same run, and so would erm_steps
        return [Offer(CONTROLS["erm"], True), *randoms]
    early = [Offer(CONTROLS[name], CONTROLS[name].on) for name in ("erm_early", "erm", "erm_steps")]
    return [early[0], *randoms, *early[1:]]

"""Datasets on the Hugging Face hub: `hub:owner/name[@revision][:config][:split]`, read from the right.

Only data files are loaded: the library runs no code of a repository. The commit is looked up first, with a time limit, so that a machine
without network hears so at once, and so that the dataset can say which commit it was made from.
"""

import re
from dataclasses import dataclass

import pyarrow as pa

from ftft.dataset.saved import as_table, only_split
from ftft.errors import InputError

PREFIX = "hub:"
PATIENCE = 10.0  # seconds to wait for the hub's answer
EXAMPLE = "Write hub:owner/name[:config][:split], such as hub:nyu-mll/glue:sst2:validation"
_SOURCE = re.compile(r"hub:(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?(:(?P<config>[^:]+))??(:(?P<split>[^:]+))?")


@dataclass(frozen=True)
class HubSource:
    """A dataset on the hub; with one word after its name, that is the split."""

    repository: str
    revision: str | None = None
    config: str | None = None
    split: str | None = None

    @classmethod
    def parse(cls, text: str) -> "HubSource":
        """InputError where `text` is none."""
        found = _SOURCE.fullmatch(text)
        if not found:
            raise InputError(f"{text!r} cannot be read", EXAMPLE)
        return cls(**found.groupdict())

    def __str__(self) -> str:
        at = f"@{self.revision}" if self.revision else ""
        return PREFIX + ":".join(filter(None, [self.repository + at, self.config, self.split]))


def is_hub(source: str) -> bool:
    """Whether a source is meant to be on the hub."""
    return source.startswith(PREFIX)


def pinned(source: str) -> str:
    """The same source with the commit that it means now; as it is where huggingface_hub is told to stay offline and take its cache."""
    import huggingface_hub
    from huggingface_hub import constants, errors

    wanted = HubSource.parse(source)
    if constants.HF_HUB_OFFLINE:
        return source
    try:
        about = huggingface_hub.HfApi().dataset_info(wanted.repository, revision=wanted.revision, timeout=PATIENCE)
    except errors.RevisionNotFoundError as problem:
        raise InputError(f"{wanted.repository} has no revision {wanted.revision!r}", "Check it on the hub, or leave it out") from problem
    except (errors.RepositoryNotFoundError, errors.GatedRepoError, errors.HFValidationError) as problem:
        what = f"the hub shows no dataset {wanted.repository!r}"
        raise InputError(what, "Check owner and name; a private or gated one needs `hf auth login` first") from problem
    except Exception as problem:  # the kinds of failure are those of whatever HTTP client the library uses
        what = f"{source} cannot be loaded: the hub was not reached ({_line(problem)})"
        remedy = "Check the network; HF_HUB_OFFLINE=1 takes what was loaded before; or save_to_disk elsewhere, and name the folder"
        raise InputError(what, remedy) from problem
    return str(HubSource(wanted.repository, about.sha, wanted.config, wanted.split))


def read_hub(source: str, default_split: str | None) -> pa.Table:
    """All rows of a dataset on the hub. InputError: it is not there, not data alone, or has several configurations or splits."""
    import datasets

    wanted = HubSource.parse(source)
    try:
        found = datasets.load_dataset(wanted.repository, wanted.config, revision=wanted.revision)
        return as_table(only_split(source, found, wanted.split, default_split))
    except InputError:
        raise
    except Exception as problem:  # what a repository of somebody else's can do wrong has no end of kinds
        raise InputError(f"{source} cannot be loaded: {_line(problem)}", f"Check configuration and split. {EXAMPLE}") from problem


def _line(problem: Exception) -> str:
    return " ".join(str(problem).split())[:300].rstrip(". ") or type(problem).__name__

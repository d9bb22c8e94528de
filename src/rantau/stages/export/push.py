"""A folder pushed to a model repository of a hub, in one commit, by the hub's own client."""

from __future__ import annotations

import importlib.util
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rantau import files
from rantau.errors import MachineError, RecipeError, RequestError, SourceError
from rantau.run.progress import Progress
from rantau.stages.export.address import shown, without
from rantau.stages.export.hub_card import hub_card, is_hub_id

INSTALL = "pip install 'rantau[hub]'"


@dataclass(frozen=True, slots=True)
class Pushed:
    """url: of the repository; commit: its id; created: False if the repository was there before."""

    url: str
    commit: str
    n_files: int
    created: bool


def check_repository(name: str) -> None:
    """Raises   RecipeError if it is not USER/NAME; MachineError without the hub's client; RequestError without a
    token
    """
    if not is_hub_id(name):
        raise RecipeError(
            f"--push {name}: a repository is written USER/NAME in letters, digits, '-', '_' and '.'."
        )
    if importlib.util.find_spec("huggingface_hub") is None:
        raise MachineError(f"--push needs the hub's client, which is not installed. Run: {INSTALL}")
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise MachineError("--push: HF_HUB_OFFLINE is set, so nothing may leave this machine. Unset it.")
    _token()


def _token() -> str:
    from huggingface_hub import get_token

    if token := get_token():
        return token
    raise RequestError("--push: no token. Set HF_TOKEN, or log in once: hf auth login")


def push(folder: Path, repository: str, card: Path, holds: str, *, private: bool, progress: Progress) -> Pushed:
    """Creates the repository if it is not there and commits every file of the folder, README.md last mended.

    repository  USER/NAME
    card        the run's model card
    holds       bundle, merged, gguf or ctranslate2
    private     a repository that is there already must be private too
    The token is HF_TOKEN or that of the login, and is never shown; HF_ENDPOINT names another hub.
    Raises      RecipeError, MachineError as `check_repository`; RequestError if the hub refuses
    """
    check_repository(repository)
    if not card.is_file():
        raise SourceError(f"{card}: no such file. Run the recipe again: the report writes the card.")
    from huggingface_hub import HfApi

    token = _token()
    mended = hub_card(files.read_text(card), holds)
    for note in mended.notes:
        progress.say(f"push: {note}")
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, token=token, library_name="rantau")
    with _in_our_words(repository, api, token), _plain_lfs(), _bars(progress), _said(progress):
        created = _prepare(api, repository, private=private)
        operations = _operations(folder, mended.text)
        done = api.create_commit(repository, operations, commit_message="Add what rantau made")
    return Pushed(f"{api.endpoint}/{repository}", done.oid, len(operations), created)


def _operations(folder: Path, readme: str) -> list[Any]:
    from huggingface_hub import CommitOperationAdd

    names = {p.relative_to(folder).as_posix(): p for p in files.files_below(folder)}
    names.pop("README.md", None)
    added = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=path) for name, path in names.items()]
    return [*added, CommitOperationAdd(path_in_repo="README.md", path_or_fileobj=readme.encode())]


def _prepare(api: Any, repository: str, *, private: bool) -> bool:
    """True if the repository was created now."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        there = api.repo_info(repository)
    except RepositoryNotFoundError as error:
        if error.response.status_code == 401:  # the client calls a refused token by the same name
            raise
        api.create_repo(repository, private=private, exist_ok=True)
        return True
    if private and not there.private:
        raise RequestError(
            f"--push {repository}: is there already, and public; --private would not hide it. Name another one."
        )
    return False


@contextmanager
def _in_our_words(repository: str, api: Any, token: str) -> Iterator[None]:
    """What the client raises, as one of our errors; the token is never in it."""
    from huggingface_hub.errors import HfHubHTTPError

    where = f"--push {repository} to {shown(api.endpoint)}"
    try:
        yield
    except HfHubHTTPError as error:
        raise RequestError(f"{where}: {_refusal(error, token)}") from None
    except ValueError as error:  # the client's word for metadata that the hub does not take
        raise RequestError(f"{where}: {without(str(error), token).strip()}") from None
    except (OSError, RuntimeError) as error:
        raise MachineError(f"{where}: {without(str(_root(error)), token).strip()}. Try again.") from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("httpx", "httpx2", "httpcore", "httpcore2"):
            raise
        raise MachineError(
            f"{where}: the hub does not answer ({without(str(error), token)}). Try again."
        ) from None


def _root(error: BaseException) -> BaseException:
    return error.__cause__ or error


def _refusal(error: Any, token: str) -> str:
    code = error.response.status_code if error.response is not None else 0
    said = without(str(error.server_message or error), token).strip().splitlines()[:1]
    why = f"the hub answers {code}" + (f" ({said[0][:200]})" if said else "")
    if code == 401:
        return f"{why}. The token is refused: set HF_TOKEN to one that may write, or log in again: hf auth login"
    if code == 403:
        return f"{why}. The token may not write there: check its rights and the name before the slash."
    if code == 409:
        return f"{why}. Somebody changed the repository meanwhile; push again."
    return f"{why}."


@contextmanager
def _plain_lfs() -> Iterator[None]:
    """Other hubs than the client's own (HF_ENDPOINT) speak Git LFS, which the client leaves for Xet if it can."""
    from huggingface_hub import constants

    before = constants.HF_HUB_DISABLE_XET
    constants.HF_HUB_DISABLE_XET = before or bool(os.environ.get("HF_ENDPOINT"))
    try:
        yield
    finally:
        constants.HF_HUB_DISABLE_XET = before


@contextmanager
def _bars(progress: Progress) -> Iterator[None]:
    """The client's own bars of bytes sent; none when quiet."""
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    change = progress.quiet and not are_progress_bars_disabled()
    if change:
        disable_progress_bars()
    try:
        yield
    finally:
        if change:
            enable_progress_bars()


@contextmanager
def _said(progress: Progress) -> Iterator[None]:
    """The hub's warnings about the card, as lines of ours."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield
    for warning in found:
        if issubclass(warning.category, UserWarning):
            for line in str(warning.message).splitlines():
                progress.say(f"push: {line.strip()}")

"""rantau export"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rantau.cli.options import name_argument, run_folder, runs_option
from rantau.errors import RecipeError
from rantau.stages.export.gguf.kinds import KINDS

if TYPE_CHECKING:
    from rantau.stages.export.parcel import Forms

HELP = (
    "Take what run NAME (default: the latest) made out of the house: the bundle (adapter, tokenizer, template, "
    "card), or the merged model as safetensors, GGUF or for CTranslate2; what the recipe did not ask for is made "
    "now. It goes to a folder or .zip file, to a hub, or to an HTTP address."
)


@click.command("export", help=HELP)
@name_argument
@click.option("--to", "target", type=click.Path(path_type=Path), help="New folder, or new .zip file.")
@click.option("--merged", is_flag=True, help="The merged model, safetensors.")
@click.option("--gguf", "kinds", multiple=True, type=click.Choice(tuple(KINDS)), help="For llama.cpp and Ollama.")
@click.option("--ctranslate2", is_flag=True, help="For CTranslate2, weights in int8.")
@click.option("--push", "repository", metavar="USER/NAME", help="Commit to a repository of a hub.")
@click.option("--private", is_flag=True, help="With --push: create the repository private.")
@click.option("--upload", "url", metavar="URL", help="Send one file (a .zip, or the one .gguf) to an address.")
@click.option(
    "--method", type=click.Choice(["auto", "put", "post"]), default="auto", show_default=True,
    help="With --upload: put for presigned addresses, post for forms.",
)  # fmt: skip
@click.option("--field", default="fileToUpload", show_default=True, help="Form field of the file.")
@click.option(
    "--form", multiple=True, metavar="KEY=VALUE", default=("reqtype=fileupload",), show_default=True,
    help="Other form fields.",
)  # fmt: skip
@click.option("--header", multiple=True, metavar="'NAME: VALUE'", help="Header of the request; never shown.")
@click.option("--quiet", is_flag=True, help="No progress.")
@runs_option
def command(
    name: str | None, target: Path | None, merged: bool, kinds: tuple[str, ...], ctranslate2: bool,
    repository: str | None, private: bool, url: str | None, method: str, field: str, form: tuple[str, ...],
    header: tuple[str, ...], quiet: bool, runs_path: Path,
) -> None:  # fmt: skip
    from rantau.run.progress import Progress
    from rantau.stages.export.parcel import deliver, parcel

    forms = _forms(merged, kinds, ctranslate2)
    _check_request(target, repository, private, url, forms)
    if url is None:
        _refuse_given("method", "field", "form", "header")
    sending = _upload_target(url, method, field, form, header) if url else None
    run, progress = run_folder(runs_path, name), Progress(quiet=quiet)
    with parcel(run, forms, progress, target=target) as parts:
        if target is not None:
            deliver(parts, target)
            click.echo(str(target))
        if repository is not None:
            _push(parts, repository, run, private, progress)
        if sending is not None:
            _upload(parts, target, sending, run, forms, progress)


def _forms(merged: bool, kinds: tuple[str, ...], ctranslate2: bool) -> Forms:
    from rantau.stages.export.parcel import Forms

    asked = [word for word, given in (("merged", merged), ("gguf", kinds), ("ctranslate2", ctranslate2)) if given]
    return Forms(tuple(asked) or ("bundle",), tuple(dict.fromkeys(kinds)))


def _check_request(
    target: Path | None, repository: str | None, private: bool, url: str | None, forms: Forms
) -> None:
    """Raises   RecipeError, MachineError, RequestError: what would only fail after minutes of work fails now"""
    from rantau.stages.export.ctranslate2 import check_installed
    from rantau.stages.export.gguf.kinds import check_kinds

    if target is None and repository is None and url is None:
        raise RecipeError("export: where to? Give --to FOLDER, --to FILE.zip, --push USER/NAME or --upload URL.")
    if target is not None and target.exists():
        raise RecipeError(f"--to {target}: exists already. Name a new folder or file.")
    if private and repository is None:
        raise RecipeError("--private: is for --push USER/NAME.")
    if repository is not None:
        from rantau.stages.export.push import check_repository

        if len(forms.names) > 1:
            raise RecipeError(f"--push: a repository holds one form, not {' and '.join(forms.names)}. Push twice.")
        check_repository(repository)
    check_kinds(forms.kinds)
    if "ctranslate2" in forms.names:
        check_installed()


def _refuse_given(*names: str) -> None:
    """Options of an upload without one would do nothing."""
    context = click.get_current_context()
    given = [n for n in names if context.get_parameter_source(n) is click.core.ParameterSource.COMMANDLINE]
    if given:
        raise RecipeError(f"--{given[0]}: is for --upload URL.")


def _upload_target(url: str, method: Any, field: str, form: tuple[str, ...], header: tuple[str, ...]) -> Any:
    from rantau.stages.export.address import checked
    from rantau.stages.export.upload import Target

    return Target(checked(url), method, field, _pairs("--form", form, "="), _pairs("--header", header, ":"))


def _pairs(option: str, given: tuple[str, ...], mark: str) -> dict[str, str]:
    found = {}
    for text in given:
        name, parted, value = text.partition(mark)
        if not (parted and name.strip() and value.strip().isprintable()):
            raise RecipeError(f"{option}: is written NAME{mark} VALUE.")  # it may be a secret: it is not repeated
        found[name.strip()] = value.strip()
    return found


def _push(parts: Mapping[str, Path], repository: str, run: Path, private: bool, progress: Any) -> None:
    from rantau.stages.export.push import push

    ((holds, folder),) = parts.items()
    card = run / "stages" / "export" / "bundle" / "README.md"
    done = push(folder, repository, card, holds, private=private, progress=progress)
    how = "created" if done.created else "updated"
    click.echo(f"{done.url} ({how}, {done.n_files} files, {done.commit[:12]})")


def _upload(
    parts: Mapping[str, Path], target: Path | None, sending: Any, run: Path, forms: Forms, progress: Any
) -> None:
    """One file: the .zip that was written, the one .gguf, or a .zip made for it."""
    from rantau.stages.export.parcel import room_named, write_parts
    from rantau.stages.export.upload import upload

    with tempfile.TemporaryDirectory(prefix="rantau-upload-") as work:
        if target is not None and target.suffix == ".zip":
            file = target
        elif forms.names == ("gguf",) and len(forms.kinds) == 1:
            (file,) = parts["gguf"].glob("*.gguf")
        else:
            file = Path(work) / f"{run.name}-{forms.word}.zip"
            with room_named(None):
                write_parts(parts, file)
        sent = upload(file, sending, progress)
    click.echo(f"{sent.address} ({file.name}, {sent.n_bytes:,} bytes, sha256 {sent.sha256})")

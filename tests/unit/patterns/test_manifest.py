"""Model files are those of `SHA256SUMS`, or nothing is made of them."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import tiny_models
from training.checksums import main, write_sums

from aimds import Defense, Settings, _core
from aimds.errors import ArtefactError, ErrorCode
from aimds.patterns import build_seed, load_models, load_seed, models, models_folder
from aimds.patterns.manifest import SUMS_FILE, read_sums, verify
from aimds.settings import PatternsSettings

FILES = ("embedding.safetensors", "head.safetensors", "seed.patterns")
SHIPPED = (*FILES, "look.safetensors", "recurrent.safetensors", "student.onnx", "teacher.onnx")
DIGEST = "a" * 64


@pytest.fixture
def folder(tmp_path: Path, embedding: _core.EmbeddingModel) -> Path:
    """Small model files with their list."""
    (tmp_path / "embedding.safetensors").write_bytes(tiny_models.embedding_bytes())
    (tmp_path / "head.safetensors").write_bytes(tiny_models.keyword_head_bytes({"ignore": 12.0}))
    seed = build_seed(embedding, [3], embedding.embed("ignore"), ["prompt_leak"], [0.7], ["corpus"])
    seed.save(tmp_path / "seed.patterns")
    write_sums(tmp_path)
    return tmp_path


def code_of_loading(folder: Path) -> ErrorCode | None:
    try:
        load_seed(folder / "seed.patterns", load_models(folder).embedding)
    except ArtefactError as error:
        return error.code
    return None


def test_whole_files_load(folder: Path) -> None:
    """What is listed and unchanged loads; the list is one that coreutils accepts."""
    assert code_of_loading(folder) is None
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", SUMS_FILE], cwd=folder, check=True)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", [0.0, 0.3, 0.7, 0.999])
def test_one_flipped_byte_is_refused(folder: Path, name: str, place: float) -> None:
    """Wherever it lies, weights included, and whichever file it is in."""
    data = bytearray((folder / name).read_bytes())
    data[int(len(data) * place)] ^= 1
    (folder / name).write_bytes(data)
    assert code_of_loading(folder) is ErrorCode.ARTEFACT_CHECKSUM


@pytest.mark.parametrize("name", FILES)
def test_cut_emptied_lengthened_and_gone(folder: Path, name: str) -> None:
    """A file that is shorter, empty or longer than the listed one is refused; one that is gone is missing."""
    whole = (folder / name).read_bytes()
    for data in (whole[:-1], b"", whole + b"\0"):
        (folder / name).write_bytes(data)
        assert code_of_loading(folder) is ErrorCode.ARTEFACT_CHECKSUM
    (folder / name).unlink()
    assert code_of_loading(folder) is ErrorCode.ARTEFACT_MISSING


def test_a_listed_file_must_be_there(folder: Path) -> None:
    """A list that names more than there is tells of an incomplete folder, and which file it lacks."""
    with (folder / SUMS_FILE).open("a") as stream:
        stream.write(f"{DIGEST}  second_head.safetensors\n")
    with pytest.raises(ArtefactError, match=r"second_head\.safetensors: SHA256SUMS lists it") as caught:
        load_models(folder)
    assert caught.value.code is ErrorCode.ARTEFACT_MISSING


def test_an_unlisted_file_is_refused(folder: Path) -> None:
    """Where there is a list, a file beside it that it does not name is not trusted."""
    lines = (folder / SUMS_FILE).read_text().splitlines(keepends=True)
    (folder / SUMS_FILE).write_text("".join(line for line in lines if "head" not in line))
    with pytest.raises(ArtefactError, match="does not list it") as caught:
        load_models(folder)
    assert caught.value.code is ErrorCode.ARTEFACT_CHECKSUM
    assert "sha256sum" in caught.value.help


def test_own_folders_may_have_no_list_and_the_shipped_one_must(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a list a user's folder loads; the same folder in the place of the shipped one does not."""
    (folder / SUMS_FILE).unlink()
    assert code_of_loading(folder) is None
    monkeypatch.setattr(models, "models_folder", lambda: folder)
    with pytest.raises(ArtefactError, match=SUMS_FILE) as caught:
        load_models()
    assert caught.value.code is ErrorCode.ARTEFACT_MISSING


@pytest.mark.parametrize(
    "line",
    [
        f"{DIGEST}  ../head.safetensors",
        f"{DIGEST}  /etc/passwd",
        f"{DIGEST}  nested/head.safetensors",
        f"{DIGEST}  ..\\head.safetensors",
        f"{DIGEST}  ..",
        f"{DIGEST}  .",
        f"{DIGEST}  ",
        f"{DIGEST} head.safetensors",
        f"{DIGEST[1:]}  head.safetensors",
        f"\\{DIGEST}  a\\nb",
        f"{DIGEST}  a\x00b",
        f"{'g' * 64}  head.safetensors",
        f"{DIGEST}  {'n' * 300}",
        f"{DIGEST}  a\n{DIGEST}  a",
        "\ufeff" + f"{DIGEST}  head.safetensors",
    ],
)
def test_a_list_that_points_elsewhere_or_is_malformed_is_refused(folder: Path, line: str) -> None:
    """Names outside the folder, double names, wrong digests: the list is corrupt, and no file is loaded by it."""
    (folder / SUMS_FILE).write_text(line + "\n", "utf-8")
    with pytest.raises(ArtefactError) as caught:
        read_sums(folder)
    assert caught.value.code is ErrorCode.ARTEFACT_CORRUPT
    assert code_of_loading(folder) is ErrorCode.ARTEFACT_CORRUPT


def test_a_list_is_bounded_and_must_be_a_file(tmp_path: Path) -> None:
    """A huge list is refused before it is parsed; a folder of that name cannot be read."""
    (tmp_path / SUMS_FILE).write_text("# padding\n" * 10_000)
    with pytest.raises(ArtefactError, match="limit") as caught:
        read_sums(tmp_path)
    assert caught.value.code is ErrorCode.ARTEFACT_CORRUPT
    (tmp_path / SUMS_FILE).unlink()
    (tmp_path / SUMS_FILE).mkdir()
    with pytest.raises(ArtefactError) as caught:
        read_sums(tmp_path)
    assert caught.value.code is ErrorCode.ARTEFACT_MISSING


def test_marks_comments_and_letter_case_are_understood(tmp_path: Path) -> None:
    """Binary marks, capital digests, comments and empty lines are as coreutils takes them."""
    data = b"weights"
    (tmp_path / "a b").write_bytes(data)
    (tmp_path / SUMS_FILE).write_text(f"# ours\n\n{hashlib.sha256(data).hexdigest().upper()} *a b\n")
    verify(tmp_path / "a b", data)
    with pytest.raises(ArtefactError):
        verify(tmp_path / "a b", data + b"!")


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_no_list_does_more_than_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Any bytes are a list of plain names, or a typed error."""
    folder = tmp_path_factory.getbasetemp() / "random_list"
    folder.mkdir(exist_ok=True)
    (folder / SUMS_FILE).write_bytes(data)
    try:
        sums = read_sums(folder)
    except ArtefactError as error:
        sums = {error.code.slug: ""}
    assert sums == {"artefact-corrupt": ""} or all(
        Path(name).name == name and len(digest) == 64 for name, digest in sums.items()
    )


def test_the_shipped_files_are_those_of_their_list() -> None:
    """The list names them all and agrees with them."""
    listed = read_sums(models_folder())
    assert listed == {name: hashlib.sha256((models_folder() / name).read_bytes()).hexdigest() for name in SHIPPED}


def test_a_defence_is_not_built_on_a_damaged_head(tmp_path: Path) -> None:
    """A byte of the shipped head flipped: no defence comes to be, so nothing is judged by it."""
    for name in (*SHIPPED, SUMS_FILE):
        (tmp_path / name).write_bytes((models_folder() / name).read_bytes())
    head = bytearray((tmp_path / "head.safetensors").read_bytes())
    head[-1000] ^= 0x10
    (tmp_path / "head.safetensors").write_bytes(head)
    with pytest.raises(ArtefactError) as caught:
        Defense(Settings(patterns=PatternsSettings(models=tmp_path)))
    assert caught.value.code is ErrorCode.ARTEFACT_CHECKSUM


def test_the_command_writes_the_list(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """`python -m training.checksums` lists what is there, and prints it."""
    (folder / "seed.patterns").unlink()
    (folder / "student.onnx").write_bytes(b"a further model")
    (folder / "head.md").write_text("a note")
    monkeypatch.setattr("sys.argv", ["checksums", "--folder", str(folder)])
    main()
    assert capsys.readouterr().out == (folder / SUMS_FILE).read_text()
    assert set(read_sums(folder) or ()) == {*FILES[:2], "student.onnx"}

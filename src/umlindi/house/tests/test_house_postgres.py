"""The embedded PostgreSQL, with real clusters: what was committed is there after whatever happened."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from umlindi.house import binaries, postgres, postmaster
from umlindi.house.account import account_for
from umlindi.house.errors import DatabaseError, HomeError
from umlindi.house.home import Home
from umlindi.house.postgres import SUPERUSER, Cluster, Start

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else or mount a file system")


def write(cluster: Cluster, word: str) -> None:
    with psycopg.connect(cluster.url()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [word])


def words(cluster: Cluster) -> list[str]:
    with psycopg.connect(cluster.url()) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM kept").fetchall()]


def pid_of(cluster: Cluster) -> int:
    found = postmaster.live(cluster.folder)
    assert found is not None
    return found.pid


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=5)


def test_it_is_created_once_and_adopted_afterwards(cluster: Cluster) -> None:
    assert cluster.start() is Start.CREATED
    write(cluster, "first")
    assert Cluster(cluster.home).start() is Start.ADOPTED
    cluster.stop()
    assert not cluster.running()
    assert cluster.start() is Start.STARTED
    assert words(cluster) == ["first"]


@needs_root
def test_root_does_not_write_through_a_link_that_the_databases_user_left(cluster: Cluster, tmp_path: Path) -> None:
    cluster.start()
    cluster.stop()
    precious = tmp_path / "precious"
    precious.write_text("as it was")
    settings = cluster.folder / "umlindi.conf"
    settings.unlink()
    settings.symlink_to(precious)
    assert cluster.start() is Start.STARTED
    assert precious.read_text() == "as it was"
    assert not settings.is_symlink()


def test_the_products_role_owns_its_database_and_is_no_superuser(cluster: Cluster) -> None:
    cluster.start()
    with psycopg.connect(cluster.url()) as connection:
        row = connection.execute(
            "SELECT current_user, rolsuper OR rolcreaterole OR rolcreatedb, pg_get_userbyid(datdba)"
            " FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
        ).fetchone()
        extensions = {name for (name,) in connection.execute("SELECT extname FROM pg_extension").fetchall()}
    assert row == ("umlindi", False, "umlindi")
    assert extensions >= {"btree_gist", "pg_trgm", "unaccent"}


def test_what_is_committed_is_synced_and_checksummed_and_nothing_listens_on_the_network(home: Home) -> None:
    cluster = Cluster(home)
    cluster.start()
    try:
        with psycopg.connect(cluster.url(SUPERUSER)) as connection:
            names = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums", "listen_addresses")
            shown = [connection.execute(f"SHOW {name}").fetchone() for name in names]
    finally:
        cluster.stop()
    assert shown == [("on",), ("on",), ("on",), ("on",), ("",)]


def test_kill_9_of_the_postmaster_loses_nothing(cluster: Cluster) -> None:
    cluster.start()
    busy = psycopg.connect(cluster.url())
    busy.execute("SELECT 1")
    write(cluster, "before")
    kill(pid_of(cluster))
    assert not cluster.running()
    assert cluster.start() is Start.STARTED
    with pytest.raises(psycopg.OperationalError):
        busy.execute("SELECT 1")
    busy.close()
    assert words(cluster) == ["before"]


def test_a_pid_file_whose_number_now_belongs_to_somebody_else_is_not_believed(cluster: Cluster) -> None:
    cluster.start()
    write(cluster, "before")
    kept = (cluster.folder / "postmaster.pid").read_text()
    cluster.stop()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        lines = [str(stranger.pid), *kept.splitlines()[1:]]
        (cluster.folder / "postmaster.pid").write_text("\n".join(lines) + "\n")
        assert postmaster.live(cluster.folder) is None
        assert cluster.start() is Start.STARTED
        assert stranger.poll() is None
        stranger.kill()
    assert words(cluster) == ["before"]


def test_another_clusters_postmaster_is_not_ours(cluster: Cluster, open_folder: Path) -> None:
    other = Cluster(Home(open_folder / "other"), {"fsync": "off"})
    other.home.prepare()
    other.start()
    try:
        cluster.start()
        cluster.stop()
        shutil.copy(other.folder / "postmaster.pid", cluster.folder / "postmaster.pid")
        assert postmaster.live(cluster.folder) is None
        assert cluster.start() is Start.STARTED
        assert other.running()
    finally:
        other.stop()


def test_an_interrupted_initdb_is_thrown_away(cluster: Cluster) -> None:
    partial = cluster.home.data / "pg.partial"
    partial.mkdir()
    (partial / "PG_VERSION").write_text("15\n")
    assert cluster.start() is Start.CREATED
    assert not partial.exists()


def test_a_home_too_deep_for_a_socket_still_works_and_leaves_nothing_outside(open_folder: Path) -> None:
    home = Home(open_folder / ("d" * 60) / ("e" * 60))
    home.prepare()
    if os.geteuid() == 0:
        home.root.parent.chmod(0o711)
    cluster = Cluster(home, {"fsync": "off"})
    cluster.start()
    try:
        write(cluster, "deep")
        assert not cluster.socket_folder.is_relative_to(home.root)
        assert cluster.socket_folder.stat().st_mode & 0o777 == 0o700
        assert words(cluster) == ["deep"]
    finally:
        cluster.stop()
    assert not cluster.socket_folder.exists()


def test_a_socket_folder_that_somebody_else_may_enter_is_refused(cluster: Cluster) -> None:
    cluster.socket_folder.mkdir()
    cluster.socket_folder.chmod(0o755)
    with pytest.raises(DatabaseError, match="is not a private folder of the user"):
        cluster.start()


def test_the_wheels_programs_serve_where_the_machine_has_none(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "_system_folders", lambda: iter(()))
    assert cluster.start() is Start.CREATED
    with psycopg.connect(cluster.url()) as connection:
        assert connection.info.server_version // 10000 == 18
    cluster.stop()
    monkeypatch.undo()
    assert cluster.start() is Start.STARTED
    assert (cluster.folder / "PG_VERSION").read_text() == "18\n"


def test_a_cluster_of_a_version_that_is_not_here_is_said_and_left_alone(cluster: Cluster) -> None:
    cluster.start()
    cluster.stop()
    (cluster.folder / "PG_VERSION").write_text("14\n")
    with pytest.raises(DatabaseError, match=r"made by PostgreSQL 14, and this machine has .*postgresql-14\.$"):
        cluster.start()


def test_why_it_did_not_start_is_said_in_one_sentence(cluster: Cluster) -> None:
    cluster.start()
    cluster.stop()
    (cluster.folder / "global" / "pg_control").unlink()
    with pytest.raises(DatabaseError, match=r"could not start: .*pg_control"):
        cluster.start()


def test_a_postmaster_that_does_not_end_politely_is_killed(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "STOP_STEPS", ((signal.SIGINT, 0.3), (signal.SIGQUIT, 0.3), (signal.SIGKILL, 5.0)))
    cluster.start()
    os.kill(pid_of(cluster), signal.SIGSTOP)
    cluster.stop()
    assert not cluster.running()
    assert cluster.start() is Start.STARTED


@needs_root
def test_root_runs_it_as_somebody_else_and_keeps_the_owner(cluster: Cluster) -> None:
    cluster.start()
    owner = cluster.folder.stat().st_uid
    assert owner != 0
    assert psutil.Process(pid_of(cluster)).uids().effective == owner


@needs_root
def test_a_cluster_that_belongs_to_root_is_refused_with_what_to_do(cluster: Cluster) -> None:
    cluster.folder.mkdir()
    with pytest.raises(DatabaseError, match="belongs to root, whom PostgreSQL refuses: chown it to postgres or nobody"):
        cluster.start()
    cluster.folder.rmdir()


@needs_root
def test_an_ordinary_user_is_told_that_the_cluster_belongs_to_somebody_else(cluster: Cluster) -> None:
    cluster.start()
    cluster.stop()
    os.seteuid(65534)
    try:
        with pytest.raises(DatabaseError, match=r"belongs to another user \(uid \d+\): start as that user"):
            account_for(cluster.folder)
    finally:
        os.seteuid(0)


@needs_root
def test_a_home_that_the_databases_user_cannot_reach_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    home = Home(tmp_path / "home")
    home.prepare()
    with pytest.raises(DatabaseError, match=r"may not enter .*: choose a home that everybody may pass through"):
        Cluster(home).start()
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@needs_root
def test_a_disk_that_fills_while_the_cluster_is_made_is_said_and_can_be_mended(open_folder: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m,mode=711", "tmpfs", open_folder], check=True)
    try:
        home = Home(open_folder)
        home.prepare()
        cluster = Cluster(home, {"fsync": "off"})
        with pytest.raises(HomeError, match="the disk is full: free some space and start again"):
            cluster.start()
        subprocess.run(["mount", "-o", "remount,size=200m", open_folder], check=True)
        assert cluster.start() is Start.CREATED
        cluster.stop()
    finally:
        subprocess.run(["umount", open_folder], check=True)

"""The catalogue is data that people edit: what is wrong with it is told by file, rule and field."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from umlindi.diagnosis import CatalogueError, load_catalogue
from umlindi.diagnosis.loading import FOLDER

RULE = """version = "2026.11"
[[rule]]
id = "a-rule"
ticket = 1
layer = "transport"
title = "T"
confidence = 0.5
cause = "C"
confirm = "C"
fix = "F"
unsafe = "U"
escalate = "E"
source = "S"
[[rule.when]]
step = "tcp"
"""


def load(folder: Path, text: str) -> None:
    (folder / "rules.toml").write_text(text)
    load_catalogue(folder)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('id = "a-rule"', 'id = "A rule"', "rules.toml: A rule: id"),
        ("confidence = 0.5", "confidence = 5", "a-rule: confidence"),
        ('layer = "transport"', 'layer = "cable"', "a-rule: layer"),
        ("ticket = 1", "ticket = 99", "a-rule: ticket"),
        ('fix = "F"', 'fix = ""', "a-rule: fix"),
        ('fix = "F"', 'fixx = "F"', "a-rule: fixx"),
        ('title = "T"', 'title = "{nobody}"', "unknown placeholder nobody"),
        ('title = "T"', 'title = "on {port}"', "optional part"),
        ('step = "tcp"', 'step = "tpc"', "when.step"),
        ('step = "tcp"', 'step = "tcp"\ncode = "("', "a-rule: pattern '('"),
        ('step = "tcp"', 'step = "tcp"\nmetric = [{ name = "x" }]', "when.metric"),
        ('source = "S"', 'source = "S"\ncompetes = ["nobody"]', "unknown nobody"),
        ('[[rule.when]]\nstep = "tcp"\n', "", "needs a `when` or a `log`"),
        ('[[rule.when]]\nstep = "tcp"', '[[rule.log]]\nhas = "Upper"', "log.has"),
        ("version", "= version", "rules.toml"),
    ],
)
def test_what_is_wrong_is_told_by_file_rule_and_field(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(CatalogueError, match=r".") as error:
        load(tmp_path, RULE.replace(old, new))
    assert told in str(error.value)


def test_the_catalogue_covers_every_ticket() -> None:
    assert {rule.ticket for rule in load_catalogue().rules} >= set(range(1, 49))


def test_every_rule_says_what_not_to_do_and_whom_to_ask() -> None:
    assert all(rule.unsafe and rule.escalate and rule.confirm and rule.fix for rule in load_catalogue().rules)


def test_loading_is_quick_enough_for_a_command() -> None:
    times = []
    for _ in range(3):
        load_catalogue.cache_clear()
        began = time.process_time()
        load_catalogue(FOLDER)
        times.append(time.process_time() - began)
    assert min(times) < 0.060


def test_importing_the_engine_needs_no_django() -> None:
    code = "import sys, umlindi.diagnosis; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

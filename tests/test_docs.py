"""What the documents point at is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from click import Context, Group

from umlindi.cli import main

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:|mailto:)([^)#\s]+)")
CODE = re.compile(r"```.*?```|`[^`\n]+`|^ {4}.*$", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"(?:^|[\s`(])umlindi ([a-z]+)(?: ([a-z0-9]+))?", re.MULTILINE)
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|tmp/[a-z]+\d)/")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    links = LINK.findall(document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_of_a_document_exists(document: Path) -> None:
    code = CODE.findall(document.read_text())
    named = {words for piece in code for words in COMMAND.findall(piece)}
    assert [words for words in named if not exists(*words)] == []


def exists(noun: str, verb: str) -> bool:
    context = Context(main)
    command = main.get_command(context, noun)
    return command is not None and (
        not isinstance(command, Group) or not verb or verb in command.list_commands(context)
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_document_speaks_of_one_machine(document: Path) -> None:
    assert MACHINE_PATH.findall(document.read_text()) == []


def test_every_room_has_a_page() -> None:
    named = {path.stem for path in DOCUMENTS}
    tracked = subprocess.run(["git", "ls-files", "src/umlindi"], cwd=ROOT, capture_output=True, text=True, check=True)
    rooms = {line.split("/")[2] for line in tracked.stdout.split() if line.count("/") > 2}
    assert rooms - {"cli", "config", "core", "house", "testing"} - named == set()

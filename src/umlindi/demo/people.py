"""Invented patients and staff who look like South Africa. Nobody here exists; the record numbers say so."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

# Given names by sex, and family names, kept together by language so that a name reads as one person's.
_NAMES: tuple[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "isiXhosa",
        ("Nomvula", "Zukiswa", "Thandeka", "Nosipho", "Bulelwa", "Ntombizanele"),
        ("Sipho", "Luzuko", "Mzwandile", "Xolani", "Lwazi", "Siyabonga"),
        ("Mqhayi", "Ntshinga", "Sigcawu", "Mabandla", "Gxowa", "Qwabe", "Nqeketo"),
    ),
    (
        "isiZulu",
        ("Nokuthula", "Zanele", "Nonhlanhla", "Hlengiwe"),
        ("Sibusiso", "Mandla", "Bhekizizwe", "Themba"),
        ("Dlamini", "Ndlovu", "Khumalo", "Mkhize", "Hlongwane", "Ngcobo"),
    ),
    (
        "Sesotho",
        ("Lerato", "Mpho", "Dineo", "Palesa"),
        ("Thabo", "Tšepo", "Kagišo", "Tšhepišo"),
        ("Mokoena", "Motšoene", "Nkošana", "Radebe", "Maboe"),
    ),
    (
        "Afrikaans",
        ("Liné", "Zoë", "Anél", "Chrisné"),
        ("André", "Daniël", "Hendré", "Pieter"),
        ("Joubert", "van der Merwe", "Labuschagné", "Cronjé", "Böhmer"),
    ),
    (
        "English",
        ("Charlotte", "Renée", "Ayesha", "Priya"),
        ("Gareth", "Zaïd", "Kreesan", "Michael"),
        ("Naidoo", "Peters", "O'Reilly", "Fakier", "Hartnick"),
    ),
)
_LATEST_BIRTH = date(2026, 1, 1)
_STAFF = ("Mdleleni^Ayanda", "Pillay^Sarvesh", "Swanepoel^Adéle", "Moloi^Refilwe", "Jacobs^Keith")


@dataclass(frozen=True, slots=True)
class Patient:
    """`name` is a DICOM PN, family^given. `mrn` is the hospital's own number, never an identity number."""

    mrn: str
    name: str
    sex: str
    born: date

    @property
    def latin1(self) -> bool:
        """True where ISO_IR 100 can carry the name; Sesotho's š needs ISO_IR 192."""
        return all(ord(letter) < 256 for letter in self.name)


def patient(issuer: str, number: int) -> Patient:
    """The invented person who holds a record number at an issuer: the same one whenever asked."""
    dice = random.Random(f"{issuer}/{number}")  # noqa: S311 - invented people, not secrets
    _, women, men, families = dice.choice(_NAMES)
    sex = dice.choice("FM")
    given = dice.choice(women if sex == "F" else men)
    born = _LATEST_BIRTH - timedelta(days=dice.randrange(30, 88 * 365))
    return Patient(f"{issuer}{number:06d}", f"{dice.choice(families)}^{given}", sex, born)


def clinician(dice: random.Random) -> str:
    """Somebody who refers, as a DICOM PN."""
    return dice.choice(_STAFF)

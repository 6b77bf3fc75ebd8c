"""HL7 tables that an acknowledgement is read by, and the character sets of MSH-18."""

from __future__ import annotations

# Table 0008, acknowledgement code (HL7 v2.5.1 §2.9.2).
ACKNOWLEDGEMENTS = {
    "AA": "application accept",
    "AE": "application error",
    "AR": "application reject",
    "CA": "commit accept",
    "CE": "commit error",
    "CR": "commit reject",
}
ACCEPTED = frozenset({"AA", "CA"})
REFUSED = frozenset(ACKNOWLEDGEMENTS) - ACCEPTED

# Table 0357, message error condition codes (HL7 v2.5.1 §2.15.5).
ERRORS = {
    "0": "message accepted",
    "100": "segments are not in the expected order",
    "101": "a required field is missing",
    "102": "a field has the wrong data type",
    "103": "a value is not in its table",
    "104": "a value is too long",
    "200": "the message type is not supported",
    "201": "the event code is not supported",
    "202": "the processing id is not supported",
    "203": "the HL7 version is not supported",
    "204": "unknown key: the patient, order or accession number it refers to is not known there",
    "205": "duplicate key: it is already there",
    "206": "the record is locked",
    "207": "internal error of the application",
}
# What a sender may repeat unchanged; everything else fails again until somebody corrects the data or the peer.
RETRIABLE_ERRORS = frozenset({"206", "207"})
UNSUPPORTED = frozenset({"200", "201"})

# Table 0211, alternate character sets (HL7 v2.5.1 §2.15.9.18), as Python codecs.
CHARACTER_SETS = {
    "": "ascii",
    "ASCII": "ascii",
    "8859/1": "iso-8859-1",
    "8859/2": "iso-8859-2",
    "8859/3": "iso-8859-3",
    "8859/4": "iso-8859-4",
    "8859/5": "iso-8859-5",
    "8859/6": "iso-8859-6",
    "8859/7": "iso-8859-7",
    "8859/8": "iso-8859-8",
    "8859/9": "iso-8859-9",
    "8859/15": "iso-8859-15",
    "ISO IR14": "shift_jis",
    "ISO IR87": "iso2022_jp",
    "ISO IR159": "iso2022_jp_1",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "BIG-5": "big5",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
}

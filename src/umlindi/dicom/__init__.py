"""DICOM without Django: our own upper layer and DIMSE, an asyncio driver, and the probe that climbs a peer's ladder."""

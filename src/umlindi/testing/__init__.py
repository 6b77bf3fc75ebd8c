"""Real peers for tests and benchmarks: Orthanc and DCMTK, started on free ports and gone with the test."""

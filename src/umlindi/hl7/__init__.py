"""HL7 version 2 over MLLP: framing, a lenient reader and writer, acknowledgements, a client and a server. No Django."""

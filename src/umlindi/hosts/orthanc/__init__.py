"""Probing an Orthanc through its REST API: is it the one we mean, what can it do, what does it hold, what may hurt."""

from umlindi.hosts.orthanc.probe import OrthancTarget, probe

__all__ = ["OrthancTarget", "probe"]

"""A rush on a limited number of places: our server beside other arrangements, killed at random, without HTTP."""

from .ceiling import in_process
from .kill import killed
from .race import Row, Setting, fsyncs_per_s, ours, peer, schema

__all__ = ["Row", "Setting", "fsyncs_per_s", "in_process", "killed", "ours", "peer", "schema"]

"""Settings for requests that hypothesis makes up: the same ones in every run, however slow the machine is."""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def made_up(requests: int) -> settings:
    """So many requests of one kind. What a run finds it finds again: nothing is drawn anew or kept."""
    return settings(
        max_examples=requests,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )

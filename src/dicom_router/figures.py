"""How a figure with its interval is written wherever one is read as text."""

from collections.abc import Mapping
from typing import Any


def in_words(figure: Mapping[str, Any]) -> str:
    """Return ``0.982 (0.977-0.988)``, or the value and why it has no interval."""
    if figure["value"] is None:
        return f"undefined ({figure.get('reason', 'no reason given')})"
    if figure["low"] is None:
        reason = figure.get("reason", "none given").removeprefix("no interval: ")
        return f"{figure['value']:.3f} (no interval: {reason})"
    return f"{figure['value']:.3f} ({figure['low']:.3f}-{figure['high']:.3f})"


def signed_in_words(figure: Mapping[str, Any]) -> str:
    """Return a difference, as ``+0.012 (-0.003 to +0.027)``, or the value and why it has no interval."""
    if figure["low"] is not None:
        return f"{figure['value']:+.3f} ({figure['low']:+.3f} to {figure['high']:+.3f})"
    words = in_words(figure)
    return words if figure["value"] is None else f"{figure['value']:+.3f} {words.partition(' ')[2]}"

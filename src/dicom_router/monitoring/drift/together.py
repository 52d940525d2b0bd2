"""What sites say together: changes at several of them that are too small to be seen at any one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from scipy.stats import combine_pvalues

from dicom_router.monitoring.drift.measuring import Finding
from dicom_router.monitoring.drift.signals import WHOLE

SEVERAL: Final = "several sites"  # no site can be called so: names have no spaces
LEAST: Final = 2  # sites

Findings = Mapping[str, Sequence[Finding]]  # by site


def together(sites: Findings) -> list[Finding]:
    """Return for each signal and span what the ``sites`` that were compared say together; not yet judged.

    p is that of at most one site having changed: Fisher's combination of all p but the smallest (the partial
    conjunction of Benjamini and Heller 2008, Biometrics 64:1215), since sites share no study. The effect is their mean,
    weighted by studies. Directions are not compared: sites may have changed in different ways.
    """
    places: dict[tuple[str, int], list[tuple[str, Finding]]] = {}
    for site, finding in _tested(sites):
        places.setdefault((finding.signal.name, finding.span), []).append((site, finding))
    return [_combined(found) for found in places.values() if len(found) >= LEAST]


def _tested(sites: Findings) -> Iterator[tuple[str, Finding]]:
    for site, findings in sites.items():
        for each in findings:
            if each.part == WHOLE and each.p is not None and each.effect is not None:
                yield site, each


def _combined(found: Sequence[tuple[str, Finding]]) -> Finding:
    findings = [finding for _, finding in found]
    studies = np.array([each.n for each in findings])
    effect = float(np.average([float(each.effect or 0.0) for each in findings], weights=studies))
    p_values = sorted(max(float(each.p or 0.0), np.finfo(float).tiny) for each in findings)
    p = float(combine_pvalues(p_values[1:]).pvalue)
    site, most = max(found, key=lambda one: float(one[1].effect or 0.0))
    return replace(
        most,
        n=int(studies.sum()),
        usual_n=sum(each.usual_n for each in findings),
        value=effect,
        usual=0.0,
        low=None,
        high=None,
        p=p,
        effect=effect,
        adjusted=None,
        words=f"{len(findings)} sites, by {effect:.3g} on average; most at {site}: {most.words}",
    )

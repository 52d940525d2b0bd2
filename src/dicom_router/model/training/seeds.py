"""Seeds that depend on where training is, not on how it got there: a resumed run draws what it would have drawn."""

import hashlib


def derive_seed(seed: int, *place: int) -> int:
    """Return 63 bits that differ for every ``seed`` and ``place``, such as (epoch, step)."""
    text = ",".join(str(part) for part in (seed, *place))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1

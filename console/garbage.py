"""Keeps the garbage collector from holding up keys.

A full collection looks at everything that lives. Once all is loaded that is some 700,000 objects, nearly
all of them modules and classes that never die: a tenth of a second and more, at any moment, most often
where rows change fastest.
"""

from __future__ import annotations

import gc
from functools import cache

_YOUNG, _MIDDLE, _OLD = 1_000, 10, 30
"""New objects before the young are looked at, and how many rounds before the older ones are: a frame
makes thousands that soon die, and looking at all takes ten milliseconds even so."""


@cache
def spare_what_is_loaded() -> None:
    """Leave what lives by now out of later collections. Only the first call of a process does anything.

    What is not in a circle is freed as before. Call it when everything heavy has been imported.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)

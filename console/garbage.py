"""Keeps the garbage collector from holding up keys.

A full collection looks at everything that lives. Once all is loaded that is some 700,000 objects, nearly
all of them modules and classes that never die: a tenth of a second and more, at any moment, most often
where rows change fastest.
"""

from __future__ import annotations

import gc
from functools import cache


@cache
def spare_what_is_loaded() -> None:
    """Leave what lives by now out of later collections. Only the first call of a process does anything.

    What is not in a circle is freed as before. Call it when everything heavy has been imported.
    """
    gc.freeze()

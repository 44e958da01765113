"""THE declarations: every cell function, each a thin call into the core.

Names, help, limits and examples are here and nowhere else; hosts, the wizard's texts and the reference are
made from them. The core is imported inside the bodies: declaring a function must not load scipy or polars.
Importing this package declares the functions, in the order of its modules.
"""

from __future__ import annotations

# In the order of the reference.
# isort: off
from credit_udfs.cells.functions import scoring as scoring
from credit_udfs.cells.functions import lending as lending
from credit_udfs.cells.functions import data as data

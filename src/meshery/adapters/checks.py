"""The checks of `checking`, in their order."""

from meshery.adapters.checking import Check
from meshery.adapters.checks_contract import CONTRACT
from meshery.adapters.checks_legacy import LEGACY
from meshery.adapters.checks_operating import OPERATING
from meshery.adapters.checks_standard import STANDARD

CHECKS: tuple[Check, ...] = (*STANDARD, *CONTRACT, *OPERATING, *LEGACY)

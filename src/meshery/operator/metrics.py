"""What the operator counts; names and label as those of the original."""

from meshery.core.telemetry import counter, gauge, histogram

reconciled = counter("operator_reconcile", "Looks at objects", ("controller",))
failed = counter("operator_reconcile_errors", "Looks at objects that failed", ("controller",))
lasted = histogram(
    "operator_reconcile_duration_seconds", "How long a look at an object took", ("controller",)
)
leading = gauge("operator_leading", "Whether this process is the one that acts")

"""Our streams of JetStream, and the subjects on them and beside them.

OPERATIONS is a work queue of wake-ups: a message carries an operation's id and nothing else, since
rows alone are the truth. EVENTS keeps events for following; its sequence is the resume cursor.
DISCOVERY keeps what watched clusters tell, in the same way.
"""

from nats.js import api

from meshery.core.durations import parse_duration
from meshery.core.settings import Settings

OPERATIONS_STREAM = "OPERATIONS"
EVENTS_STREAM = "EVENTS"
DISCOVERY_STREAM = "DISCOVERY"
SUBJECT_OPERATIONS = "meshery.v1.operations"
SUBJECT_EVENTS = "meshery.v1.events"
SUBJECT_DISCOVERY = "meshery.v1.discovery"
SUBJECT_PROGRESS = "meshery.v1.progress"
SUBJECT_CANCEL = "meshery.v1.cancel"

_EVENTS_MAX_BYTES = 512 * 1024 * 1024
_DISCOVERY_MAX_BYTES = 1024 * 1024 * 1024
_DISCOVERY_MAX_AGE_S = 86_400.0


def streams(settings: Settings) -> tuple[api.StreamConfig, ...]:
    """All of them, as they shall be."""
    max_age_s = parse_duration(settings.retention.events)
    copies = settings.bus.stream_replicas
    return (
        api.StreamConfig(
            name=OPERATIONS_STREAM,
            subjects=[f"{SUBJECT_OPERATIONS}.>"],
            retention=api.RetentionPolicy.WORK_QUEUE,
            storage=api.StorageType.FILE,
            num_replicas=copies,
            duplicate_window=1,
        ),
        api.StreamConfig(
            name=EVENTS_STREAM,
            subjects=[SUBJECT_EVENTS],
            retention=api.RetentionPolicy.LIMITS,
            storage=api.StorageType.FILE,
            num_replicas=copies,
            max_age=max_age_s,
            max_bytes=_EVENTS_MAX_BYTES,
            duplicate_window=min(600.0, max_age_s or 600.0),
        ),
        api.StreamConfig(
            name=DISCOVERY_STREAM,
            subjects=[f"{SUBJECT_DISCOVERY}.>"],
            retention=api.RetentionPolicy.LIMITS,
            storage=api.StorageType.FILE,
            num_replicas=copies,
            max_age=_DISCOVERY_MAX_AGE_S,
            max_bytes=_DISCOVERY_MAX_BYTES,
            duplicate_window=120,
        ),
    )

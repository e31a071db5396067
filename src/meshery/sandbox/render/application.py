"""The configuration file of a sample application, from the world."""

from meshery.sandbox.model import Instance, World
from meshery.sandbox.render.names import Json


def app_config(world: World, instance: Instance) -> Json:
    """What `python -m meshery.sandbox.app --config FILE` reads (`sandbox.app.config`)."""
    service = world.service(instance.service)
    version = next(each for each in service.versions if each.name == instance.version)
    return {
        "instance": instance.name,
        "service": instance.service,
        "version": instance.version,
        "host": instance.app_host,
        "port": instance.app_port,
        "latency_ms": version.latency_ms,
        "error_rate": version.error_rate,
        "calls": list(service.calls),
        "proxy_host": instance.host,
        "proxy_port": instance.outbound_port,
        "echo_ports": dict(instance.echo_ports),
    }

"""Locust as a peer: its fast user, without any wait."""

from locust import FastHttpUser, constant, task


class Busy(FastHttpUser):
    """Asks again as soon as it is answered."""

    wait_time = constant(0)

    @task
    def ask(self) -> None:
        """One request."""
        self.client.get("/")

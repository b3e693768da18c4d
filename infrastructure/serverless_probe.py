"""A serverless endpoint's parts, as far as it has any that can be tried."""

from collections.abc import Mapping

from infrastructure.one_go_probe import OneGoProbe


class ServerlessProbe(OneGoProbe):
    without = {  # noqa: RUF012  read only
        "nodes": "An endpoint does not tell its nodes without starting a worker.",
        "models": "An endpoint does not tell its models without starting a worker.",
        "upload": "Files travel with the job.",
        "download": "Files come home with the job's answer.",
    }

    def versions(self) -> Mapping[str, str]:
        status = self._backend.status()
        return {"Endpoint": status.name} | ({"GPU": status.gpu} if status.gpu else {})

"""The money of the emulated account, and the GraphQL that tells of it.

Built from documentation; proves nothing about the platform. At a balance of 0 pods are stopped, and
those without a network volume terminated; here this happens with the next request that arrives.
"""

import json
import re
from typing import Any

from tests.fake_answers import Answer

FIELDS = ("clientBalance", "currentSpendPerHr", "spendLimit")


class Account:
    def __init__(self, runpod: Any):
        self._runpod = runpod
        self.credit = 100.0  # USD, before anything was spent
        self.spend_limit = 80.0  # USD per hour

    @property
    def spent(self) -> float:
        return sum(pod.spent for pod in list(self._runpod.pods))

    @property
    def balance(self) -> float:
        return self.credit - self.spent

    @property
    def per_hour(self) -> float:
        return sum(pod.costs_now for pod in list(self._runpod.pods))

    def can_afford(self, per_hour: float) -> bool:
        """An hour of it, besides what runs."""
        return self.balance >= self.per_hour + per_hour

    def settle(self) -> None:
        if self.balance > 0:
            return
        for pod in list(self._runpod.pods):
            if pod.costs_now and "network" in (pod.mounts or {}):
                pod.stop()
            elif pod.costs_now:
                pod.terminate()

    def graphql(self, body: bytes) -> Answer:
        try:
            query = json.loads(body)["query"]
        except (ValueError, TypeError, LookupError):
            return _json({"errors": [{"message": "POST body missing."}]}, 400)
        if "myself" not in query:
            return _json({"errors": [{"message": "Cannot query field."}]}, 400)
        values = (round(self.balance, 6), round(self.per_hour, 6), self.spend_limit)
        known = dict(zip(FIELDS, values, strict=True))
        asked = set(re.findall(r"\w+", query.partition("myself")[2]))
        if unknown := asked - known.keys():
            said = f'Cannot query field "{min(unknown)}" on type "User".'
            return _json({"errors": [{"message": said}]}, 400)
        return _json({"data": {"myself": {name: known[name] for name in FIELDS if name in asked}}})


def _json(content: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

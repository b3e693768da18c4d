"""What each route of the emulated REST API does.

Built from documentation; proves nothing about the platform. Assumed where the documents are silent: a
pod whose host is full answers its start with 400; the list of bills is called "records", those of
endpoints and workers "serverless" and "workers", and a worker is RUNNING or IDLE.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.runpod.catalog import DATA_CENTERS
from tests.runpod.pods import EmulatedPod
from tests.runpod.wishes import Refused, Wish, wish
from tests.serverless.endpoints import EmulatedEndpoint

FULL = "There are not enough free GPUs on the host machine to start this pod."
NO_CREDIT = "Your balance is too low to run this pod for an hour. Please add funds."
Done = tuple[int, Any]  # status and JSON; None for nothing at all; a pod for its log


@dataclass
class Ask:
    runpod: Any
    query: dict[str, str]
    body: bytes
    id: str = ""

    @property
    def pod(self) -> EmulatedPod:
        found = self.runpod.pod(self.id)
        if not found:
            raise Refused(404, f"Pod {self.id} not found.")
        return found

    @property
    def content(self) -> dict[str, Any]:
        try:
            content = json.loads(self.body)
        except ValueError as error:
            raise Refused(400, "The body is not JSON.") from error
        if not isinstance(content, dict):
            raise Refused(422, "The body is not an object.")
        return content


def list_pods(ask: Ask) -> Done:
    pods = [pod.told() for pod in ask.runpod.pods if pod.status != "TERMINATED"]
    size = min(ask.runpod.page_size, int(ask.query.get("limit", ask.runpod.page_size)))
    start = int(ask.query.get("cursor", "c0").removeprefix("c"))
    has_more = start + size < len(pods)
    pagination = {"nextCursor": f"c{start + size}" if has_more else None, "hasNextPage": has_more}
    return 200, {"pods": pods[start : start + size], "pagination": pagination}


def get_pod(ask: Ask) -> Done:
    return 200, ask.pod.told()


def create_pod(ask: Ask) -> Done:
    wanted = wish(ask.runpod, ask.content)
    if not ask.runpod.account.can_afford(wanted.cost):
        raise Refused(402, NO_CREDIT)
    return 201, _rented(ask.runpod, wanted).told()


def _rented(runpod: Any, wanted: Wish) -> EmulatedPod:
    given = {"server": runpod.server_of_new_pods, "status": "PROVISIONING"}
    return runpod.add_pod(**given, **vars(wanted))


def act(ask: Ask) -> Done:
    content, pod = ask.content, ask.pod
    if unknown := content.keys() - {"action"}:
        raise Refused(422, f"Unexpected property: {min(unknown)}.")
    action = content.get("action")
    if action not in ("start", "stop", "restart", "terminate"):
        raise Refused(422, "action is none of start, stop, restart, terminate.")
    if action not in pod.actions:
        raise Refused(409, f"Action {action} is not valid for a pod that is {pod.status}.")
    if action == "start" and pod.host_is_full:
        raise Refused(400, FULL)
    if action == "start" and not ask.runpod.account.can_afford(pod.cost):
        raise Refused(402, NO_CREDIT)
    getattr(pod, action)()
    return (204, None) if action == "terminate" else (200, pod.told())


def delete_pod(ask: Ask) -> Done:
    ask.pod.terminate()
    return 204, None


def logs(ask: Ask) -> Done:
    return 200, ask.pod


def list_gpus(ask: Ask) -> Done:
    has_availability = "AVAILABILITY" in ask.query.get("include", "").split(",")
    if has_availability and not ask.query.get("product"):
        raise Refused(400, "product is required when include has AVAILABILITY.")
    return 200, {"gpus": [gpu.told(has_availability) for gpu in ask.runpod.gpus.values()]}


def list_data_centers(ask: Ask) -> Done:
    gpus = ask.runpod.gpus.values() if "GPU_AVAILABILITY" in ask.query.get("include", "") else None
    found = []
    for id, name in DATA_CENTERS.items():
        found.append({"id": id, "name": name, "globalNetwork": True})
        if gpus is not None:
            stock = [{"id": gpu.id, "availability": gpu.stock.get(id, "NONE")} for gpu in gpus]
            found[-1]["gpuAvailability"] = stock
    return 200, {"dataCenters": found}


def list_network_volumes(ask: Ask) -> Done:
    return 200, {"networkVolumes": ask.runpod.network_volumes}


def list_templates(ask: Ask) -> Done:
    return 200, {"templates": ask.runpod.templates}


def bills(ask: Ask) -> Done:
    """One record a pod, from its beginning to now."""
    records = []
    for pod in ask.runpod.pods:
        if ask.query.get("podId", pod.id) == pod.id and pod.spent:
            amount = {"totalAmount": pod.spent, "gpuAmount": pod.spent, "cpuAmount": 0.0, "diskAmount": 0.0}
            records.append({"podId": pod.id, "startTime": pod.told()["createdAt"], "endTime": None, **amount})
    total = sum(one["totalAmount"] for one in records)
    return 200, {"records": records, "metadata": {"totals": {"totalAmount": total}}}


def list_endpoints(ask: Ask) -> Done:
    return 200, {"serverless": [one.described() for one in ask.runpod.endpoints.values()]}


def get_endpoint(ask: Ask) -> Done:
    return 200, _endpoint(ask).described()


def change_endpoint(ask: Ask) -> Done:
    content, endpoint = ask.content, _endpoint(ask)
    wanted = content.get("workers")
    if content.keys() != {"workers"} or not isinstance(wanted, dict):
        raise Refused(422, f"Unexpected property: {min(content.keys() - {'workers'}, default='workers')}.")
    if unknown := wanted.keys() - {"min", "max", "idleTimeout"}:
        raise Refused(422, f"Unexpected property: workers.{min(unknown)}.")
    if not all(isinstance(value, int) and value >= 0 for value in wanted.values()):
        raise Refused(422, "workers are counted.")
    endpoint.workers_min = wanted.get("min", endpoint.workers_min)
    endpoint.workers_max = wanted.get("max", endpoint.workers_max)
    endpoint.idle_timeout = wanted.get("idleTimeout", endpoint.idle_timeout)
    return 200, endpoint.described()


def list_workers(ask: Ask) -> Done:
    endpoint = _endpoint(ask)
    busy = {job.worker for job in endpoint.jobs.values() if job.status == "IN_PROGRESS"}
    there = [one for one in endpoint.workers.values() if not one.is_gone]
    return 200, {"workers": [{"id": w.id, "status": "RUNNING" if w.id in busy else "IDLE"} for w in there]}


def endpoint_bills(ask: Ask) -> Done:
    """One record an endpoint, for execution alone; by the hour, what a test says that was billed."""
    asked = ask.query.get("serverlessId")
    if ask.query.get("bucketSize") == "hour":
        return 200, {
            "records": [
                {"serverlessId": one.id, "startTime": hour, "totalAmount": amount}
                for one in ask.runpod.endpoints.values()
                for hour, amount in one.bill.items()
                if asked in (None, one.id)
            ]
        }
    records = [
        {"serverlessId": one.id, "totalAmount": one.spent, "gpuAmount": one.spent, "feeAmount": 0.0}
        for one in ask.runpod.endpoints.values()
        if asked in (None, one.id) and one.spent
    ]
    total = sum(one["totalAmount"] for one in records)
    return 200, {"records": records, "metadata": {"totals": {"totalAmount": total}}}


def _endpoint(ask: Ask) -> EmulatedEndpoint:
    endpoint = ask.runpod.endpoint(ask.id)
    if endpoint is None:
        raise Refused(404, f"Endpoint {ask.id} not found.")
    return endpoint


DEEDS: dict[tuple[str, str], Callable[[Ask], Done]] = {
    ("GET", "/v2/pods"): list_pods,
    ("POST", "/v2/pods"): create_pod,
    ("GET", "/v2/pods/{id}"): get_pod,
    ("DELETE", "/v2/pods/{id}"): delete_pod,
    ("POST", "/v2/pods/{id}/action"): act,
    ("GET", "/v2/pods/{id}/logs"): logs,
    ("GET", "/v2/catalog/gpus"): list_gpus,
    ("GET", "/v2/catalog/datacenters"): list_data_centers,
    ("GET", "/v2/network-volumes"): list_network_volumes,
    ("GET", "/v2/templates"): list_templates,
    ("GET", "/v2/billing/pods"): bills,
    ("GET", "/v2/serverless"): list_endpoints,
    ("GET", "/v2/serverless/{id}"): get_endpoint,
    ("PATCH", "/v2/serverless/{id}"): change_endpoint,
    ("GET", "/v2/serverless/{id}/workers"): list_workers,
    ("GET", "/v2/billing/serverless"): endpoint_bills,
}

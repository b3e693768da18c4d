"""What tests ask of the emulated API, and how they read a refusal."""

API = "https://api.runpod.io"
CARD = "NVIDIA GeForce RTX 4090"
WISH = {"name": "studio-1", "image": "runpod/comfyui:latest", "gpu": {"id": CARD}}
AGENT = {"User-Agent": "CindergraceStudio/test"}


def act(api, pod, action):
    return api("POST", f"/v2/pods/{pod.id}/action", json={"action": action})


def refusal(reply):
    """The status and the reason of a refusal, which has to look like one."""
    told = reply.json()
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert told["status"] == reply.status_code and told["title"]
    return reply.status_code, told["detail"]

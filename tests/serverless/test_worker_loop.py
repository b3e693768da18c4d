"""The worker in the real SDK's loop: orders come from the platform, pictures go back."""

import pytest

from domain.inline import bytes_of
from domain.serverless import read_result
from tests.comfy_jobs import picture

pytestmark = pytest.mark.real


def test_an_order_comes_back_as_a_picture(endpoint, sdk_worker, fake, sent, ended):
    sdk_worker(endpoint, fake.url)
    told = ended(sent({"workflow": picture()}))

    assert told["status"] == "COMPLETED", told
    (output,) = read_result(told["output"]).outputs
    assert (output.node_id, output.kind, output.filename) == ("3", "images", "ComfyUI_00001_.png")
    assert bytes_of(output.data) in fake.files.values()
    assert not endpoint.late

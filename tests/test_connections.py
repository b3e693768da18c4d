"""Where pictures are made, as it is entered; and the same as a file that other programs read."""

import json

import pytest

from domain.errors import BadFile
from domain.settings import ComfySettings, Mode, Settings
from infrastructure.settings_file import SettingsFile
from services.connections import Form, entered, exported
from services.older_settings import taken_over

KEPT = ComfySettings(Mode.local, "http://box:8188", "kept1234kept", 8188, ("http://more:8188",))
POD = "abc123def456gh"


def test_an_address_is_reduced_to_what_is_needed():
    form = entered(Form("local", "box:9000/?token=1", "", 8188, ""), KEPT)
    assert form.is_good and form.address == "http://box:9000"
    assert form.comfy.pod_id == "kept1234kept"


def test_a_pasted_pod_address_brings_its_port_along():
    form = entered(Form("runpod", "", f"https://{POD}-3000.proxy.runpod.net/", 8188, ""), KEPT)
    assert form.is_good and (form.comfy.pod_id, form.comfy.port) == (POD, 3000)
    assert form.address == f"https://{POD}-3000.proxy.runpod.net"


def test_a_fault_is_told_of_its_own_field():
    form = entered(Form("runpod", "", "What?", 70000, ""), KEPT)
    assert not form.is_good and not form.address
    assert '"What?" is not a pod id.' in form.faults["pod_id"]
    assert "is not a port" in form.faults["port"]


@pytest.mark.parametrize("port", [None, "", 0, 1.5, "x"])
def test_an_odd_port_is_a_fault_and_no_crash(port):
    assert "port" in entered(Form("runpod", "", POD, port, ""), KEPT).faults


@pytest.mark.parametrize(
    "pasted",
    [
        POD,
        f" {POD.upper()} ",
        f"https://api.runpod.ai/v2/{POD}/run",
        f"https://console.runpod.io/serverless/user/endpoint/{POD}?tab=overview",
    ],
)
def test_an_endpoint_is_reduced_to_its_id(pasted):
    form = entered(Form("serverless", "", "", 8188, pasted), KEPT)
    assert form.is_good and form.comfy.endpoint == POD
    assert form.address == f"https://api.runpod.ai/v2/{POD}"


@pytest.mark.parametrize("pasted", ["", "What?", f"https://elsewhere.example/v2/{POD}/run"])
def test_what_is_no_endpoint_is_said(pasted):
    form = entered(Form("serverless", "", "", 8188, pasted), KEPT)
    assert "endpoint" in form.faults["endpoint"] and not form.address


def test_what_a_mode_does_not_need_cannot_be_wrong():
    form = entered(Form("sketch", "not an address", "What?", None, ""), KEPT)
    assert form.is_good and form.address == ""
    assert form.comfy == ComfySettings(Mode.sketch, KEPT.url, KEPT.pod_id, KEPT.port, KEPT.more)


def test_a_mode_that_is_none_leaves_the_one_there_is():
    assert entered(Form("", "", "", None, ""), KEPT).comfy.mode is Mode.local


@pytest.mark.parametrize(
    ("mode", "word"),
    [
        (Mode.sketch, "local"),
        (Mode.local, "local"),
        (Mode.runpod, "runpod"),
        (Mode.serverless, "local"),
    ],
)
def test_the_exported_form_has_the_planned_keys(mode, word):
    comfy = ComfySettings(mode, "http://box:8188", POD, 8188)
    assert exported(comfy) == {
        "comfyui": {"connection_mode": word, "url": "http://box:8188", "runpod_pod_id": POD}
    }


def test_what_was_exported_can_be_brought_in(tmp_path):
    comfy = ComfySettings(Mode.runpod, "http://box:8188", POD, 8188)
    file = tmp_path / "connection.json"
    file.write_text(json.dumps(exported(comfy)), "utf-8")

    settings, notes = taken_over(file, Settings(), tmp_path / "settings.json")

    assert settings.comfy == comfy
    assert notes[0] == "Read from connection.json: comfyui."


def test_settings_brought_in_leave_what_they_do_not_speak_of(tmp_path):
    kept = Settings(
        comfy=KEPT, width=1280, height=720, theme="light", last_project="there", is_introduced=True
    )
    place = tmp_path / "settings.json"
    SettingsFile(place).save(kept)
    file = tmp_path / "old.json"
    file.write_text('{"comfy_url": "http://old:8188", "civitai_api_key": "s3cret", "odd": 1}', "utf-8")

    settings, notes = taken_over(file, kept, place)

    assert settings.comfy == ComfySettings(Mode.local, "http://old:8188", KEPT.pod_id, KEPT.port, KEPT.more)
    assert (settings.width, settings.theme, settings.last_project) == (1280, "light", "there")
    assert settings.is_introduced
    told = " ".join(notes)
    assert "comfy_url" in told and "odd" in told and "Civitai" in told and "s3cret" not in told
    assert str(tmp_path) not in told
    assert place.with_name("settings.json.before-import").exists()
    assert "s3cret" not in json.dumps(dict(settings.extra))


def test_a_file_without_settings_is_refused(tmp_path):
    file = tmp_path / "shots.json"
    file.write_text('{"shots": []}', "utf-8")
    with pytest.raises(BadFile):
        taken_over(file, Settings(), tmp_path / "settings.json")


def test_pods_are_known_by_their_id_wherever_they_stand_and_whether_one_draws():
    more = ("abc123def456gh", "https://xyz123def456gh-3000.proxy.runpod.net", "http://192.168.0.3:8188")
    mixed = ComfySettings(Mode.local, more=more)
    assert mixed.pods == ("abc123def456gh", "xyz123def456gh")
    assert mixed.drawn_on == mixed.pods
    assert not ComfySettings(Mode.local, pod_id="abc123def456gh", more=more[2:]).drawn_on
    assert ComfySettings(Mode.local, pod_id="abc123def456gh").pods == ("abc123def456gh",), "it may still run"
    assert not ComfySettings(Mode.sketch, more=more).drawn_on

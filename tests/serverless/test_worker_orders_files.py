"""Files of an order that no node of its workflow names: there under their own names, and no others are."""

import base64

from tests.comfy_jobs import picture
from tests.serverless.orders import PICTURE, TEXT, named, with_start


def test_a_file_that_no_node_names_is_there_under_its_own_name(counter, fake):
    names = "start.png", 'shots/007/määr "7".wav'
    answer = counter().order({"workflow": picture(), **named(*names)})
    assert answer["images"] and "errors" not in answer, answer
    assert fake.files["input", "", "start.png"] == PICTURE
    assert fake.files["input", "shots/007", "määr %227%22.wav"] == PICTURE  # as every client writes it


def test_a_file_that_no_node_names_takes_the_place_of_the_last_one_and_the_picture_is_drawn_anew(
    counter, fake
):
    for content in (b"one", b"two", b"two"):
        given = [{"name": "pose.json", "data": base64.b64encode(content).decode()}]
        assert counter().order({"workflow": picture(), "inputs": given})["images"]
        assert fake.files["input", "", "pose.json"] == content
    assert fake.asked("POST /prompt") == 2


def test_a_file_that_a_node_names_is_there_under_one_name_alone(counter, fake):
    counter().order({"workflow": with_start(), "images": [{"name": "start.png", "image": TEXT}]})
    assert [place[:2] for place in fake.files if place[0] == "input"] == [("input", "cindergrace")]


def test_what_follows_in_a_chain_is_given_its_files_as_well(counter, fake):
    film = picture()
    film["3"] = {"class_type": "SaveVideo", "inputs": {"video": ["2", 0]}}
    graphs = {"workflow": film, "chain": [with_start()]}
    answer = counter().order({**graphs, "images": [{"name": "start.png", "image": TEXT}]})
    assert answer["images"] and "errors" not in answer, answer
    assert fake.asked("POST /prompt") == 2
    assert [place[:2] for place in fake.files if place[0] == "input"] == [("input", "cindergrace")]

"""How long things take: as they took in the project, else as they took elsewhere."""

from domain.errand import DONE, Errand
from services.pace import Pace


def took(pace, seconds, project="/film", deed="keyframe"):
    pace.took(Errand("e", deed, project, state=DONE, began=100.0, ended=100.0 + seconds))


def test_a_projects_own_timings_count_for_it():
    pace = Pace()
    for seconds in (10, 20):
        took(pace, seconds)
    took(pace, 60, project="/another")

    assert pace.of("/film") == {"keyframe": 15}
    assert pace.of("/another") == {"keyframe": 60}


def test_where_nothing_was_done_yet_it_is_as_elsewhere():
    pace = Pace()
    took(pace, 10)
    took(pace, 30, project="/another", deed="video")
    assert pace.of("/film") == {"keyframe": 10, "video": 30}
    assert Pace().of("/film") == {}

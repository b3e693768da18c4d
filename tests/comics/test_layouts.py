"""Pages are divided as the twelve layouts say."""

import pytest

from domain.comic_layouts import fitting
from infrastructure.comics.layout_file import layouts

AS_TOLD = {  # x, y, width, height in percent of the page, in reading order
    "single": [(1.5, 1.5, 97, 97)],
    "two-horizontal": [(1.5, 1.5, 97, 47.5), (1.5, 51, 97, 47.5)],
    "two-vertical": [(1.5, 1.5, 47.5, 97), (51, 1.5, 47.5, 97)],
    "three-rows": [(1.5, 1.5, 97, 31), (1.5, 34.5, 97, 31), (1.5, 67.5, 97, 31)],
    "grid-2x2": [
        (1.5, 1.5, 47.5, 47.5),
        (51, 1.5, 47.5, 47.5),
        (1.5, 51, 47.5, 47.5),
        (51, 51, 47.5, 47.5),
    ],
    "big-left": [(1.5, 1.5, 64, 97), (67.5, 1.5, 31, 47.5), (67.5, 51, 31, 47.5)],
    "big-right": [(1.5, 1.5, 31, 47.5), (1.5, 51, 31, 47.5), (34.5, 1.5, 64, 97)],
    "big-top": [(1.5, 1.5, 97, 64), (1.5, 67.5, 47.5, 31), (51, 67.5, 47.5, 31)],
    "big-bottom": [(1.5, 1.5, 47.5, 31), (51, 1.5, 47.5, 31), (1.5, 34.5, 97, 64)],
    "strip-3": [(1.5, 1.5, 31, 97), (34.5, 1.5, 31, 97), (67.5, 1.5, 31, 97)],
    "manga-3": [(1.5, 1.5, 47.5, 31), (51, 1.5, 47.5, 31), (1.5, 34.5, 97, 64)],
    "action": [
        (1.5, 1.5, 64, 37.6),
        (67.5, 1.5, 31, 37.6),
        (1.5, 41.1, 97, 17.8),
        (1.5, 60.9, 31, 37.6),
        (34.5, 60.9, 64, 37.6),
    ],
}


def test_there_are_the_twelve():
    assert set(layouts()) == set(AS_TOLD)


@pytest.mark.parametrize("name", AS_TOLD)
def test_each_panel_lies_where_it_is_told(name):
    for rect, told in zip(layouts()[name].rects(), AS_TOLD[name], strict=True):
        assert rect == pytest.approx(told)


@pytest.mark.parametrize("name", AS_TOLD)
def test_read_from_right_to_left_a_page_is_mirrored_and_its_order_stays(name):
    usual, mirrored = layouts()[name].rects(), layouts()[name].rects(is_rtl=True)
    for rect, other in zip(usual, mirrored, strict=True):
        assert other.x == pytest.approx(100 - rect.x - rect.width)
        assert (other.y, other.width, other.height) == (rect.y, rect.width, rect.height)


@pytest.mark.parametrize("name", AS_TOLD)
def test_on_paper_the_panels_fill_the_page_between_margins_and_do_not_touch(name):
    rects = layouts()[name].rects((210.0, 297.0), margin=9.0, gutter=4.0)
    assert min(rect.x for rect in rects) == min(rect.y for rect in rects) == pytest.approx(9)
    assert max(rect.x + rect.width for rect in rects) == pytest.approx(201)
    assert max(rect.y + rect.height for rect in rects) == pytest.approx(288)
    for n, one in enumerate(rects):
        for other in rects[n + 1 :]:
            beside = max(other.x - one.x - one.width, one.x - other.x - other.width)
            below = max(other.y - one.y - one.height, one.y - other.y - other.height)
            assert max(beside, below) == pytest.approx(4) or max(beside, below) > 4


def test_a_layout_is_chosen_for_any_number_of_panels_and_not_the_same_over_and_over():
    assert [fitting(layouts(), count) for count in (1, 2, 4, 5)] == [
        "single",
        "two-horizontal",
        "grid-2x2",
        "action",
    ]
    chosen = []
    for _ in range(6):
        chosen.append(fitting(layouts(), 3, tuple(chosen)))
    assert set(chosen) == {"three-rows", "big-top", "big-bottom"} and chosen[:3] == chosen[3:]
    assert fitting(layouts(), 3, is_last=True) == "big-bottom"
    assert fitting(layouts(), 9) == ""

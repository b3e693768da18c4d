"""The feed: a page hears everything once, then only what changed."""

import json

from services.feed import Feed


def heard(feed, version):
    news = json.loads(feed.since(version).as_json())
    return news["set"], news["gone"], news["v"]


def test_a_new_page_hears_everything_and_then_only_what_changed():
    feed = Feed()
    feed.put("a", 1)
    feed.put("b", {"x": "ü"})
    known, gone, version = heard(feed, 0)
    assert (known, gone) == ({"a": 1, "b": {"x": "ü"}}, [])
    feed.put("a", 2)
    assert heard(feed, version)[:2] == ({"a": 2}, [])


def test_the_same_again_wakes_nobody():
    feed, woken = Feed(), []
    feed.listen(lambda: woken.append(1))
    feed.put("a", [1])
    feed.put("a", [1])
    assert len(woken) == 1
    assert heard(feed, feed.version)[0] == {}


def test_what_is_gone_is_told_once_and_not_to_new_pages():
    feed = Feed()
    feed.put_all({"shot/1": 1, "shot/2": 2, "other": 3})
    version = feed.version
    feed.put_all({"shot/2": 2}, instead_of="shot/")
    assert heard(feed, version)[:2] == ({}, ["shot/1"])
    assert heard(feed, 0)[:2] == ({"shot/2": 2, "other": 3}, [])
    feed.put("shot/1", 1)
    assert heard(feed, version)[:2] == ({"shot/1": 1}, [])


def test_a_page_that_left_is_not_woken():
    feed, woken = Feed(), []
    leave = feed.listen(lambda: woken.append(1))
    assert feed.is_heard
    leave()
    assert not feed.is_heard
    feed.put("a", 1)
    assert woken == []

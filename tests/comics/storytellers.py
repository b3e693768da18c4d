"""Language models for tests: one that answers the planner as asked, and one that does damage."""

import json
import re
from random import Random

from tests.fake_chat import asked_for

LAYOUTS = ("big-top", "grid-2x2", "strip-3", "two-vertical")
COUNTS = {"big-top": 3, "grid-2x2": 4, "strip-3": 3, "two-vertical": 2, "big-bottom": 3}
WORDS = {
    "uk": "Дощ рейка ніч їжак ґанок ліхтар вокзал тиша міст голос сніг вікно річка тінь ключ пісня двері",
    "en": "rain rail night hedge porch lamp station hush bridge voice snow window river shade key song door",
}


def words(language, *key, count=5):
    return " ".join(Random(repr(key)).sample(WORDS[language].split(), count))


class Storyteller:
    """Call it with a request's body; it keeps count of what it was asked for."""

    def __init__(self, language="uk"):
        self.language, self.asked = language, []

    def __call__(self, body):
        keys = asked_for(body)["properties"].keys()
        text = body["messages"][1]["content"]
        kind = next(kind for kind in ("chapters", "action", "findings", "characters") if kind in keys)
        self.asked.append(kind)
        return getattr(self, kind)(text)

    def characters(self, text):
        people = (("Марта", "a tall woman of thirty, grey eyes"), ("Остап", "a stout old man, white beard"))
        return {
            "characters": [
                {
                    "name": name,
                    "role": words(self.language, name, count=2),
                    "appearance": looks,
                    "clothing": "a red coat",
                }
                for name, looks in people
            ]
        }

    def chapters(self, text):
        count = int(re.search(r"exactly (\d+) page", text)[1])
        parts = 1 if count <= 10 else 2
        pages = [self._page(number, count) for number in range(1, count + 1)]
        return {
            "title": words(self.language, "title", count=2),
            "chapters": [
                {
                    "title": words(self.language, part, count=2),
                    "pages": pages[part * count // parts : (part + 1) * count // parts],
                }
                for part in range(parts)
            ],
        }

    def _page(self, number, count):
        layout = "big-bottom" if number == count > 1 else LAYOUTS[number % 4]
        return {
            "layout": layout,
            "location": "a tram depot",
            "weather": "rain",
            "timeOfDay": "night",
            "charactersInScene": ["char-1", "char-2"],
            "summary": words(self.language, "summary", number),
            "panels": [words(self.language, "beat", number, n) for n in range(COUNTS[layout])],
        }

    def action(self, text):
        page = int(re.search(r"This page, number (\d+)", text)[1])
        panel = int(re.search(r"Write panel (\d+)", text)[1])
        return {
            "action": words(self.language, "action", page, panel),
            "mood": "tense",
            "shot": "close-up",
            "angle": "low angle",
            "characters": [{"characterId": "char-1", "expression": "worried", "pose": "leaning forward"}],
            "dialogue": [
                {
                    "characterId": "char-1",
                    "text": words(self.language, page, panel),
                    "kind": "speech",
                    "offPanel": False,
                },
                {
                    "characterId": "char-2",
                    "text": words(self.language, panel),
                    "kind": "shout",
                    "offPanel": True,
                },
            ],
            "narrative": "",
            "sfx": "",
            "imagePrompt": "Close-up of a tall woman in a red coat in a tram depot at night, no text",
        }

    def findings(self, text):
        return {"findings": []}


STRAYS = (
    "",
    None,
    7,
    True,
    [],
    {},
    "char-99",
    "x" * 3000,
    "Only English words here",
    "\u0000\ud800",
    "ніч",
    [[]],
)
STRAYS += ("word " * 60, {"text": 1}, [None, 1, "a"], -1e300, "anon-", "nine", "BIG-TOP")


class Vandal(Storyteller):
    """It means well, and damages what it says: values, members, whole answers."""

    def __init__(self, seed, language="uk"):
        super().__init__(language)
        self._random = Random(seed)
        self._often = self._random.choice((0.02, 0.1, 0.3))

    def __call__(self, body):
        said = self._damaged(super().__call__(body), 0)
        if self._random.random() < self._often:
            said = self._random.choice(STRAYS)
        text = json.dumps(said)
        match self._random.randrange(8):
            case 0:
                return text[: self._random.randint(0, len(text))]
            case 1:
                return f"Here you are:\n```json\n{text}\n```"
            case 2 if self._often > 0.2:
                at = self._random.randrange(len(text) + 1)
                return text[:at] + self._random.choice(('"', "}", "]", ",", "\n", "<think>")) + text[at + 1 :]
        return text

    def _damaged(self, value, depth):
        random = self._random
        if depth and random.random() < self._often / 3:
            return random.choice(STRAYS)
        if isinstance(value, dict):
            kept = {key: self._damaged(one, depth + 1) for key, one in value.items()}
            if random.random() < self._often:
                kept.pop(random.choice(list(kept)))
            return kept
        if isinstance(value, list):
            kept = [self._damaged(one, depth + 1) for one in value]
            if kept and random.random() < self._often:
                kept = kept * random.choice((0, 2, 3)) if random.random() < 0.7 else kept[1:]
            return kept
        return value

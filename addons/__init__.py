"""What is seen in the browser. The only place, with main, that knows gradio.

An addon is a module with an `ID`, `build(studio)` for its tab and `DEEDS` for what its page asks
for. `window.ADDONS` is the registry and the order of the tabs.
"""

from addons.lean import without_extras

without_extras()

"""The rules by which the places in a graph are found.

finder.py    asks the others in turn, and lets what an artist titled count first
titles.py    what an artist titled
texts.py     prompt and negative          numbers.py   seed, steps, cfg
sizes.py     size, length, speed          media.py     pictures, videos, sounds, file names
corrections.py  what an artist chose by hand, before all others
samplers.py  what draws, from where most of them set out
"""

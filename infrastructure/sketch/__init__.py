"""The built-in engine: draws storyboard panels and moves a camera over them. No GPU, network or model.

words   words.py brief.py (config/sketch/words.txt, things.txt)   what a prompt asks for
place   script.py land.py elements.py built.py street.py bridge.py room.py scenery.py
        insert.py, and how places are told: sets*.txt
people  skeleton.py costume.py person.py figure.py head.py hands.py gear.py hold.py cast.py crew.py
paint   ink.py outline.py sheet.py stage.py wash.py weather.py shapes.py panel.py slate.py
film    camera.py planes.py shots.py encoder.py (camera.txt)
"""

ENGINE = 1  # another number: the same prompt and seed may look different

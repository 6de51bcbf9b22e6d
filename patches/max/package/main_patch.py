"""antiphon~: the recorder, the conversation and the player in one, with a panel."""

from .patch import Patch

PANEL = (400, 150)
LABELS = [  # of the panel: text, x, y
    ("record", 40, 36), ("when it hears something", 140, 36), ("plays answers", 330, 36),
    ("voices", 66, 66), ("stagger (ms)", 186, 66), ("speed", 330, 66),
    ("loop", 40, 96), ("gain", 146, 96),
]


def antiphon(patchers):
    patch = Patch(patchers, "Records seeds, and plays antiphon's answers.", (1160, 760), presentation=True)
    patch.boxes("""
        n-in      30 0.2 # sound |60
        n-say     140 0.2 # root FOLDER, record 1/0, listen 1/0, every SECONDS, play, stop, voices N, stagger ms, loop 1/0, speed, fade ms, gain, auto 1/0, ping, generate PATH, set KEY VALUE, ... |560
        sound     30 2 inlet {"comment": "the sound to be recorded (signal)"}
        say       140 2 inlet {"comment": "root, record, listen, every, voices, stagger, ..., ping, generate, set, ..."}
        to-all    140 3.5 s #0-say
        from-all  30 5 r #0-say
        record    30 15.5 antiphon.record~
        osc       180 15.5 antiphon.osc
        kinds     180 17 route done variation
        done      180 18.5 unpack i s f
        pair      180 19.7 pack s f
        one       320 18.5 unpack i i s f
        three     320 19.7 pack i s f
        do-play   180 21 prepend play
        do-one    320 21 prepend variation
        switch    30 16.7 route auto
        auto      180 22.2 gate 1 1
        play      30 23.5 antiphon.play~
        sound-out 30 25 outlet {"comment": "the answers (signal)"}
        jobs-out  560 25 outlet {"comment": "of seeds: done id path seconds, and so on"}
        other-out 620 25 outlet {"comment": "answers: value key value, and so on"}
        display   430 17 prepend set
        said      430 18 (nothing heard yet)
        """)
    patch.wires("""
        say > to-all
        sound > record
        from-all > record:1 osc switch play
        osc:0 > kinds jobs-out display
        osc:1 > other-out display
        kinds:0 > done
        done:2 > pair:1
        done:1 > pair
        pair > do-play
        kinds:1 > one
        one:3 > three:2
        one:2 > three:1
        one:1 > three
        three > do-one
        do-play > auto:1
        do-one > auto:1
        switch > auto
        auto > play
        play > sound-out
        display > said
        """)
    panel(patch)
    patch.wires("sound > meter")
    return patch


def panel(patch):
    """What the presentation shows, also in a bpatcher."""
    patch.boxes("""
        folder    30 6.5 textbutton {"text": "folder ..."}
        choose    30 7.5 opendialog fold
        conform   30 8.5 conformpath slash boot
        do-root   30 9.5 prepend root
        hand      220 6.5 toggle
        do-hand   220 8 prepend record
        ear       360 6.5 toggle
        do-ear    360 8 prepend listen
        plays     500 6.5 toggle
        do-plays  500 8 prepend auto
        is-on     500 5.3 loadmess set 1
        meter     750 2 meter~
        voices    220 11 number
        do-voices 220 12.5 prepend voices
        three-0   220 9.8 loadmess set 3
        stagger   360 11 flonum
        do-stag   360 12.5 prepend stagger
        four-0    360 9.8 loadmess set 400.
        speed     500 11 flonum
        do-speed  500 12.5 prepend speed
        one-0     500 9.8 loadmess set 1.
        loop      640 6.5 toggle
        do-loop   640 8 prepend loop
        gain      640 11 flonum
        do-gain   640 12.5 prepend gain
        half-0    640 9.8 loadmess set 0.5
        stop      780 6.5 textbutton {"text": "stop"}
        do-stop   780 8 (stop)
        again     900 6.5 textbutton {"text": "again"}
        do-again  900 8 (again)
        panel     780 12.5 s #0-say
        n-panel   780 11 # the panel says the same words |200
        """)
    patch.wires("""
        folder > choose
        choose > conform
        conform > do-root
        hand > do-hand
        ear > do-ear
        is-on > plays
        plays > do-plays
        three-0 > voices
        voices > do-voices
        four-0 > stagger
        stagger > do-stag
        one-0 > speed
        speed > do-speed
        loop > do-loop
        half-0 > gain
        gain > do-gain
        stop > do-stop
        again > do-again
        """)
    for name in "root hand ear plays voices stag speed loop gain stop again".split():
        patch.wires(f"do-{name} > panel")
    present(patch)


def present(patch):
    for place, (text, x, y) in enumerate(LABELS):
        patch.boxes(f"label-{place} {30 + 150 * (place % 4)} {27 + place // 4} # {text}")
        patch.present(f"label-{place} {x} {y} {7 * len(text) + 10} 20")
    patch.present("""
        folder 10 6 90 22
        stop 110 6 60 22
        again 180 6 60 22
        meter 250 10 140 14
        hand 10 34 24 24
        ear 110 34 24 24
        plays 300 34 24 24
        voices 10 65 50 22
        stagger 120 65 60 22
        speed 275 65 50 22
        loop 10 94 24 24
        gain 90 95 50 22
        said 10 124 380 22
        """)

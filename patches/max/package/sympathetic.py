"""sympathy~: a bank of band-pass filters hears, and each raises the loop of its own band (dissertation, 6.2.2)."""

from .patch import Patch

BANDS = 24
PARAMETERS = ["sensitivity", "q", "attack", "release", "swell", "tremolo", "rate"]


def band(patchers):
    patch = Patch(patchers, "A band of sympathy~: a filter that hears, and the loop that it raises.", (1180, 880))
    loop(patch)
    filter_of(patch)
    layers(patch)
    return patch


def loop(patch):
    """Which loop, read into memory and played without an end."""
    patch.boxes(f"""
        n-from  30 0.2 # load CENTRE PATH LEVEL, off, {", ".join(PARAMETERS)}
        from    130 1 in 1
        heard   30 1 in~ 1
        verbs   130 2 route load off {" ".join(PARAMETERS)}
        parts   130 4 unpack f s f
        path    500 6 prepend replace
        sound   500 7 buffer~ #0-loop
        ready   540 8 t b b b
        begin   500 10 (startloop)
        endless 600 10 (loop 1)
        on      680 10 (1 50)
        off     760 10 (0 20)
        there   720 11.5 line~ 0.
        speed   500 11.5 sig~ 1.
        groove  500 13 groove~ #0-loop
        same    700 6 !- -18.
        makeup  700 7 dbtoa
        even    500 14.5 *~ 1.
        n-even  600 14.5 # every loop is as loud as the others: -18 dB |200
        """)
    patch.wires("""
        from > verbs
        verbs:0 > parts
        parts:2 > same
        same > makeup
        makeup > even:1
        parts:1 > path
        path > sound
        sound:1 > ready
        ready:2 > endless
        ready:1 > begin
        ready:0 > on
        verbs:1 > off
        on > there
        off > there
        endless > groove
        begin > groove
        speed > groove
        groove > even
        """)


def filter_of(patch):
    """A band-pass of 0 dB at its centre, after the Audio EQ Cookbook: what reson~ and fffb~ leave open is written out."""
    patch.boxes("""
        n-filter 860 0.5 # a band-pass that is 0 dB at its centre (Audio EQ Cookbook); of reson~ and fffb~ the gain is not documented |290
        at-load  860 3 loadbang
        rate-of  860 4 dspstate~
        new-rate 860 5 t b f
        w        860 6 expr 6.283185307*$f1/$f2
        alpha-of 860 7 t f f
        alpha    860 8 expr sin($f1)/(2.*$f2)
        q-30     1030 3 loadmess 30.
        again    1030 4 t b f
        shares   860 9 t f f f f
        a0       860 12 expr $f1/(1.+$f1)
        a2       980 10.5 expr 0.-$f1/(1.+$f1)
        b1       1000 12 expr -2.*cos($f2)/(1.+$f1)
        b2       860 13.5 expr (1.-$f1)/(1.+$f1)
        five     860 15 pack 0. 0. 0. 0. 0.
        hears    30 17 biquad~
        """)
    patch.wires("""
        at-load > rate-of
        rate-of:1 > new-rate
        new-rate:1 > w:1
        new-rate:0 > w
        parts:0 > w
        verbs:3 > again
        q-30 > again
        again:1 > alpha:1
        again:0 > w
        w > alpha-of
        alpha-of:1 > b1:1
        alpha-of:0 > alpha
        alpha > shares
        shares:3 > b2
        shares:2 > b1
        shares:1 > a2
        shares:0 > a0
        b2 > five:4
        b1 > five:3
        a2 > five:2
        a0 > five
        five > hears
        heard > hears
        """)


def layers(patch):
    """What the filter hears swells the loop, and the same once more with a tremolo that is the faster the louder it is."""
    patch.boxes("""
        size    30 18 abs~
        attack  200 16 mstosamps~
        release 330 16 mstosamps~
        follow  30 19 slide~ 1500 9600
        more    30 20 *~ 8.
        most    30 21 clip~ 0. 1.
        steep   30 22 *~
        n-steep 130 20 # squared: twice as many dB between what is heard and what is not |240
        swell   30 24 *~
        pulse   250 22 *~ 8.
        slowest 250 23 +~ 0.5
        wave    250 24 cycle~
        halved  250 25 *~ 0.5
        lifted  250 26 +~ 0.5
        third   370 25 *~
        second  30 26 *~ 1.
        trem    370 26.5 *~ 0.5
        sum     30 27 +~
        gate    30 28 *~
        to      30 29 out~ 1
        """)
    patch.wires("""
        hears > size
        size > follow
        follow > more
        more > most
        most > steep steep:1
        steep > swell:1 pulse
        even > swell
        swell > second third
        pulse > slowest
        slowest > wave
        wave > halved
        halved > lifted
        lifted > third:1
        third > trem
        second > sum
        trem > sum:1
        sum > gate
        there > gate:1
        gate > to
        verbs:2 > more:1
        verbs:4 > attack
        attack:1 > follow:1
        verbs:5 > release
        release:1 > follow:2
        verbs:6 > second:1
        verbs:7 > trem:1
        verbs:8 > pulse:1
        """)


def sympathy(patchers):
    patch = Patch(patchers, "Loops that swell when their own pitch is heard.", (1000, 720))
    patch.boxes(f"""
        n-sound  30 0.2 # sound |60
        n-say    130 0.2 # bands FOLDER (of antiphon slice), example, {", ".join(PARAMETERS)} |620
        sound    30 1 inlet {{"comment": "the sound that is heard (signal)"}}
        say      130 1 inlet {{"comment": "bands FOLDER, example, {", ".join(PARAMETERS)}"}}
        verbs    130 2.5 route bands example {" ".join(PARAMETERS)}
        tidy     130 4 regexp ^(.*[^/])/*$ @substitute %1 @tosymbol 1
        folder   130 5 t l l 2
        table    130 6.5 sprintf symout %s/bands.txt
        inside   480 4 t b 1
        shipped  480 5.2 (read antiphon-bands.txt)
        read     130 7.5 prepend read
        lines    130 9 coll
        all-read 300 10.5 t b b
        none     360 11.5 (target 0, off)
        dump     300 11.5 (dump)
        which    130 12 (target $1)
        parts    30 10.5 unpack f s f f f
        whose    470 12.5 gate 2 1
        path     560 13.7 t b l
        whole    560 14.7 sprintf symout %s/%s
        what     30 16 pack 0. s 0.
        load     30 17 prepend load
        bands    30 20 poly~ sympathy.band~ {BANDS}
        to       30 21.5 outlet {{"comment": "the loops (signal)"}}
        """)
    patch.wires("""
        say > verbs
        verbs:0 > tidy
        tidy > folder
        folder:2 > whose
        folder:1 > whole
        folder:0 > table
        table > read
        read > lines
        verbs:1 > inside
        inside:1 > whose
        inside:0 > shipped
        shipped > lines
        lines:2 > all-read
        all-read:1 > none
        all-read:0 > dump
        none > bands
        dump > lines
        lines:1 > which
        which > bands
        lines:0 > parts
        parts:3 > what:2
        parts:1 > whose:1
        parts:0 > what
        whose:0 > what:1
        whose:1 > path
        path:1 > whole:1
        path:0 > whole
        whole > what:1
        what > load
        load > bands
        sound > bands
        bands > to
        """)
    parameters(patch)
    return patch


def parameters(patch):
    """Each goes to all bands."""
    patch.boxes("""
        all 720 13 (target 0)
        n-all 720 14 # to all bands |150
        """)
    for place, name in enumerate(PARAMETERS):
        x, row = 720 + 140 * (place % 2), 2 + 2.4 * (place // 2)
        patch.boxes(f"all-{name} {x} {row} t l b\ndo-{name} {x} {row + 1} prepend {name}")
        patch.wires(f"""
            verbs:{place + 2} > all-{name}
            all-{name}:1 > all
            all-{name}:0 > do-{name}
            do-{name} > bands
            """)
    patch.wires("all > bands")

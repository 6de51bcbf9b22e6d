"""antiphon.play~ and its voices: an answer is played by several of them, one later than the other."""

from .patch import Patch

VOICES = 16


def voice(patchers):
    patch = Patch(patchers, "A voice of antiphon.play~: waits, loads a file, plays it, and fades.", (1080, 900))
    begin(patch)
    end(patch)
    patch.boxes("""
        speed    30 22 sig~ 1.
        groove   30 24 groove~ #0-answer
        faded    150 25.5 *~
        ramp     250 24 line~ 0.
        to       150 27 out~ 1
        looping  420 22 (loop $1)
        """)
    patch.wires("""
        verbs:3 > speed
        speed > groove
        looping > groove
        groove > faded
        ramp > faded:1
        faded > to
        """)
    return patch


def begin(patch):
    """Waits, fades what it plays, loads the file, plays it."""
    patch.boxes("""
        n-from   30 0.2 # play PATH, milliseconds to wait, seconds that it lasts; stop; loop 1 or 0; speed; fade in milliseconds
        from     30 1 in 1
        verbs    30 2 route play stop loop speed fade
        parts    30 4 unpack s 0. 0.
        path     30 5.5 t b l
        wait     30 7 delay 0
        due      30 8 t b b b
        soon     30 10 delay 25
        no-end   130 10 (stop)
        quiet    230 10 (0. 20)
        which    30 11.5 zl.reg
        load     30 13 prepend replace
        sound    30 14 buffer~ #0-answer
        loaded   60 15.5 t b b b
        n-load   150 13 # the file is read when it is due, a voice that sounds is faded first: nothing clicks |240
        rise     250 20 (0, 1 $1)
        in-time  250 18.5 float 20.
        from-0   60 18.5 (0)
        """)
    patch.wires("""
        from > verbs
        verbs:0 > parts
        parts:0 > path
        path:1 > which:1
        path:0 > wait
        parts:1 > wait:1
        wait > due
        due:2 > no-end
        due:1 > quiet
        due:0 > soon
        quiet > ramp
        soon > which
        which > load
        load > sound
        sound:1 > loaded
        loaded:2 > from-0
        loaded:1 > in-time
        from-0 > groove
        in-time > rise
        rise > ramp
        """)


def end(patch):
    """Fades out before the file ends if it is no loop, and when it is told to stop."""
    patch.boxes("""
        n-end    640 4 # The end of a file that is played once, faded: its length at this speed, less the fade |280
        seconds  640 6 * 1000.
        length   640 7 float 10000.
        loops    420 16 int 0
        if-once  420 17 sel 0
        ahead    420 18.5 t b
        over     640 8.5 / 1.
        less     640 9.5 - 20.
        some     640 10.5 maximum 1.
        until    640 12 t b f
        end      640 13.5 delay 10000
        forever  420 14 t i i i
        is-loop  500 16 sel 1
        stopped  850 4 t b b b
        not-yet  850 6 (stop)
        no-more  940 6 (stop)
        release  640 16 t b b
        out-time 700 17.5 float 20.
        fall     700 19 (0 $1)
        faded-at 640 19 delay 60
        halt     640 20 (stop)
        always   850 10 maximum 0.01
        fades    850 12 t f f f f
        longer   960 14 + 10.
        """)
    patch.wires("""
        parts:2 > seconds
        seconds > length:1
        loaded:0 > loops
        loops > if-once
        if-once > ahead
        ahead > length
        length > over
        over > less
        less > some
        some > until
        until:1 > end:1
        until:0 > end
        end > release
        no-end > end faded-at
        verbs:2 > forever
        forever:2 > loops:1
        forever:1 > is-loop
        forever:0 > looping
        is-loop > no-end
        verbs:1 > stopped
        stopped:2 > not-yet
        stopped:1 > no-more
        stopped:0 > release
        not-yet > wait
        no-more > end soon
        release:1 > out-time
        release:0 > faded-at
        out-time > fall
        fall > ramp
        faded-at > halt
        halt > groove
        verbs:3 > always
        always > over:1
        verbs:4 > fades
        fades:3 > in-time:1
        fades:2 > out-time:1
        fades:1 > less:1
        fades:0 > longer
        longer > faded-at:1
        """)


def play(patchers):
    patch = Patch(patchers, "Plays an answer with several voices, staggered.", (1060, 760))
    verbs = "play variation again stop voices stagger loop speed fade gain"
    patch.boxes(f"""
        n-from   30 0.2 # play PATH SECONDS: as often as voices says, stagger milliseconds apart. variation N PATH SECONDS: once, N - 1 staggers late
        from     30 1 inlet {{"comment": "play, variation, again, stop, voices, stagger, loop, speed, fade, gain"}}
        verbs    30 2.5 route {verbs}
        whole    30 4.5 t b b l
        loops    180 6 int 0
        if-loop  180 7 sel 1
        times    30 8 uzi 3 0
        one      290 4.5 unpack i s f
        first    290 6 - 1
        pair     390 6 pack s f
        answer   390 9.5 zl.reg
        late     30 10 * 400.
        each     30 11 t b f
        next     30 12.5 t b b
        number   100 13.5 counter 1 {VOICES}
        who      100 14.5 (target $1)
        parts    390 11 unpack s f
        what     290 13.5 pack s 0. 0.
        do       290 14.5 prepend play
        voices   30 21 poly~ antiphon.voice~ {VOICES}
        gain     130 22.5 *~
        smooth   230 21.5 line~ 0.5
        to       130 24 outlet {{"comment": "the voices (signal)"}}
        """)
    patch.wires("""
        from > verbs
        verbs:0 > whole
        whole:2 > answer:1
        whole:1 > loops
        whole:0 > times
        loops > if-loop
        verbs:2 > times
        verbs:4 > times:1
        verbs:1 > one
        one:2 > pair:1
        one:1 > pair
        one:0 > first
        pair > answer:1
        first > late
        times:2 > late
        verbs:5 > late:1
        late > each
        each:1 > what:1
        each:0 > next
        next:1 > number
        number > who
        who > voices
        next:0 > answer
        answer > parts
        parts:1 > what:2
        parts:0 > what
        what > do
        do > voices
        voices > gain
        smooth > gain:1
        gain > to
        """)
    to_all_voices(patch)
    return patch


def to_all_voices(patch):
    """What concerns every voice, also those that sound."""
    patch.boxes("""
        n-all    560 5 # what concerns all voices |200
        silence  560 6.5 (target 0, stop)
        looping  560 9 t l b i
        do-loop  640 10.5 prepend loop
        speed    560 13 t l b
        do-speed 640 14.5 prepend speed
        fade     560 16 t l b
        do-fade  640 17.5 prepend fade
        all      560 19 (target 0)
        louder   800 19 ($1 30)
        """)
    patch.wires("""
        verbs:3 > silence
        if-loop > silence
        silence > voices
        verbs:6 > looping
        looping:2 > loops:1
        looping:1 > all
        looping:0 > do-loop
        verbs:7 > speed
        speed:1 > all
        speed:0 > do-speed
        verbs:8 > fade
        fade:1 > all
        fade:0 > do-fade
        do-loop > voices
        do-speed > voices
        do-fade > voices
        all > voices
        verbs:9 > louder
        louder > smooth
        """)

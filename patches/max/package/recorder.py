"""antiphon.record~: by hand, by level, or periodically, into ROOT/seeds."""

from .patch import Patch


def record(patchers):
    patch = Patch(patchers, "Records seeds by hand, by level or periodically.", (1500, 1040))
    hearing(patch)
    messages(patch)
    begin_and_end(patch)
    periodically(patch)
    naming(patch)
    return patch


def hearing(patch):
    """The sound, late by the pre-roll, and whether it is there."""
    patch.boxes("""
        n-sound  30 0 # The sound goes into the file late by the pre-roll: a take that begins when something is heard has its beginning |300
        sound    30 2 inlet {"comment": "the sound (signal)"}
        tap      30 3.5 tapin~ 2000
        late     30 5 tapout~ 200
        size     150 3.5 abs~
        slow     150 4.5 slide~ 1 4800
        above    150 6 thresh~ 0.005 0.01
        edge     150 7 edge~
        """)
    patch.wires("""
        sound > tap size
        tap > late
        size > slow
        slow > above
        above > edge
        """)


def messages(patch):
    """What may be said to it."""
    verbs = "root record listen threshold hold preroll every take name"
    patch.boxes(f"""
        n-say     380 0 # root FOLDER, record 1/0 by hand, listen 1/0 by level, threshold dB, hold ms, preroll ms, every SECONDS (0: not), take SECONDS, name TEXT |420
        say       380 2 inlet {{"comment": "root, record, listen, threshold, hold, preroll, every, take, name"}}
        verbs     380 3.5 route {verbs}
        loudness  560 5 dbtoa
        both      560 6 t f f
        half      560 7 * 0.5
        """)
    patch.wires("""
        say > verbs
        verbs:3 > loudness
        loudness > both
        both:1 > above:2
        both:0 > half
        half > above:1
        verbs:5 > late
        """)


def begin_and_end(patch):
    """A take of sfrecord~ begins once, and ends once."""
    patch.boxes("""
        n-hand    30 9 # By hand: it ends late too, so that the end is in it |200
        hand      30 10.5 sel 1 0
        linger    110 12 delay 200
        by-hand   30 12 t b b
        abandon   50 13 (stop)
        n-level   300 9 # By level: it ends when nothing was heard for the time of hold |260
        listening 300 10.5 t i i
        heard     300 12 gate 1
        silent    400 12 gate 1
        off       500 12 sel 0
        on-sound  300 13 t b b
        still     320 14 (stop)
        hold      400 15 delay 1000
        n-state   30 16 # It begins when it does not record yet, and ends when it does |230
        begin     30 18 int 0
        if-not    30 19 sel 0
        start     30 20 t b 1
        end       180 18 int 0
        if-so     180 19 sel 1
        finish    180 20 t 0 0
        opened    30 27 t b l
        open      120 28 (open $1 wave)
        after     30 28 deferlow
        run       30 29 (1)
        file      30 31 sfrecord~ 1
        n-file    140 31 # a file is open only while a take is recorded
        """)
    patch.wires("""
        verbs:1 > hand
        hand:0 > by-hand
        hand:1 > linger
        by-hand:1 > abandon
        by-hand:0 > begin
        abandon > linger
        linger > end
        verbs:2 > listening
        listening:1 > heard silent
        listening:0 > off
        off > end
        edge:0 > heard:1
        edge:1 > silent:1
        heard > on-sound
        on-sound:1 > still
        on-sound:0 > begin
        still > hold
        silent > hold
        hold > end
        verbs:4 > hold:1
        verbs:5 > linger:1
        begin > if-not
        if-not > start
        start:1 > begin:1 end:1
        end > if-so
        if-so > finish
        finish:1 > begin:1 end:1
        finish:0 > file
        opened:1 > open
        opened:0 > after
        open > file
        after > run
        run > file
        late > file
        """)


def periodically(patch):
    """A take is recorded into memory, and written if anything was heard in it."""
    patch.boxes("""
        n-every  700 9 # Periodically: a take goes into memory, and into a file if something was heard in it |330
        every    700 10.5 * 1000.
        period   700 11.5 t f f
        run-it   700 12.5 > 0.
        clock    700 14 metro 10000
        tick     700 15 t b b b
        yes      880 12 (1)
        no       960 12 (0)
        sound-on 880 15 int 0
        flag     880 18.5 int 0
        long     1100 10.5 * 1000.
        sized    1100 11.5 t f f
        resize   1120 12.5 (size $1)
        begin-it 790 17 (1)
        ends     700 17 delay 4000
        over     700 18 t b b
        stop-it  790 19 (0)
        loud     880 20 sel 1
        tape     700 22 record~ #0-take
        memory   1100 22 buffer~ #0-take 4000
        write    900 28 (writewave $1)
        """)
    patch.wires("""
        verbs:6 > every
        every > period
        period:1 > clock:1
        period:0 > run-it
        run-it > clock
        clock > tick
        tick:2 > sound-on
        tick:1 > begin-it
        tick:0 > ends
        edge:0 > yes
        edge:1 > no
        yes > sound-on:1 flag:1
        no > sound-on:1
        sound-on > flag:1
        verbs:7 > long
        long > sized
        sized:1 > resize
        sized:0 > ends:1
        resize > memory
        begin-it > tape
        ends > over
        over:1 > stop-it
        over:0 > flag
        stop-it > tape
        flag > loud
        sound > tape
        write > memory
        """)


def naming(patch):
    """ROOT/seeds/NAME-COUNT.wav, for who asks for it."""
    patch.boxes("""
        n-name  360 21 # A take is ROOT/seeds/NAME-COUNT.wav. NAME is the time at which the patch was opened, if nobody says another |280
        at-load 700 23.5 loadbang
        ask     700 24.5 (time)
        today   700 25.5 date
        hour    700 26.5 sprintf symout take-%ld-%ld-%ld
        take-1  30 21 t 0 b 1
        take-2  880 21 t 0 b 2
        tidy    1240 5 regexp ^(.*[^/])/*$ @substitute %1 @tosymbol 1
        root    1240 6 t 1 l
        rooted  180 22 int 0
        is-root 180 23 sel 0
        say-so  30 24 (no folder yet: say root FOLDER)
        tell    30 25 print antiphon~
        number  280 24 counter 1 99999
        both-of 280 25 t b i
        path    380 26 sprintf symout %s/seeds/%s-%ld.wav
        whose   380 27 gate 2 0
        """)
    patch.wires("""
        at-load > ask
        ask > today
        today:1 > hour
        hour > path:1
        verbs:8 > path:1
        verbs:0 > tidy
        tidy > root
        root:1 > path
        root:0 > rooted:1
        start:0 > take-1
        loud:0 > take-2
        take-1:2 > whose
        take-1:1 > rooted
        take-1:0 > whose
        take-2:2 > whose
        take-2:1 > rooted
        take-2:0 > whose
        rooted > is-root
        is-root:0 > say-so
        say-so > tell
        is-root:1 > number
        number > both-of
        both-of:1 > path:2
        both-of:0 > path
        path > whose:1
        whose:0 > opened
        whose:1 > write
        """)

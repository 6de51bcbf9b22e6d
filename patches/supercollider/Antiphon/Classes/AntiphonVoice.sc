// How an answer sounds: a voice fades in, plays its Buffer at the file's own rate, fades out.
AntiphonVoice {

	*prepare {
		this.definitions.do(_.add);
		ServerBoot.add { |server| this.definitions.do(_.send(server)) }
	}

	*definitions { ^[this.definition(1), this.definition(2)] }

	// Predictions are mono unless the model is of stereo recordings, or --channels 2 or --width
	// of antiphon watch say otherwise.
	*definition { |channels|
		^SynthDef(this.instrument(channels), {
			|out = 0, buf, rate = 1, lasts = 1, fade = 0.05, amp = 0.5, pan = 0|
			var sound = PlayBuf.ar(channels, buf, BufRateScale.kr(buf) * rate);
			var level = EnvGen.ar(Env.linen(fade, max(lasts - (2 * fade), 0), fade, 1, \sin),
				doneAction: Done.freeSelf);
			sound = sound * level;
			sound = if(channels == 1) { Pan2.ar(sound, pan, amp) } {
				Balance2.ar(sound[0], sound[1], pan, amp)
			};
			// To the sample, where the voice is asked for.
			OffsetOut.ar(out, sound)
		})
	}

	*instrument { |channels| ^("antiphon" ++ channels).asSymbol }

	// Rounds through what `latest` gives.
	*pattern { |latest, voices, stagger, fade, amp, rate, repeats, out, spread, server|
		^Prout { |inevent|
			var free = Array.fill(voices, 0), now = 0;
			repeats.do {
				var infos;
				while { infos = latest.value; infos.isEmpty } {
					inevent = Event.silent(0.25).yield;
					now = now + 0.25
				};
				infos.do { |info, i|
					var lasts = this.lasts(info) / rate, delta;
					// Of a score, too, whose clock is not one.
					var tempo = thisThread.clock.tryPerform(\tempo) ? 1;
					free[free.minIndex] = now + (lasts * tempo);
					delta = max(stagger, free.minItem - now);
					now = now + delta;
					info[\until] = thisThread.seconds + lasts;
					inevent = (inevent ?? { () }).copy.putAll((
						type: \note, server: server, out: out, delta: delta,
						instrument: this.instrument(info[\buffer].numChannels),
						buf: info[\buffer].bufnum, rate: rate, lasts: lasts, amp: amp,
						fade: min(fade, lasts / 2),
						pan: if(infos.size < 2) { 0 } { i.linlin(0, infos.size - 1, spread.neg, spread) }
					)).yield
				}
			};
			inevent
		}
	}

	*score { |infos, voices, stagger, fade, amp, rate, repeats, spread|
		var read = infos.collect { |info, i| this.unread(info[\path], i) };
		var loaded = read.collect { |buffer| (buffer: buffer) };
		var played = this.pattern({ loaded }, voices, stagger, fade, amp, rate, repeats, 0, spread)
		.asScore(1e9).score.select { |bundle| bundle[1].includes(\lasts) };
		var end = played.collect { |bundle| this.end(bundle) }.maxItem;
		^Score(this.definitions.collect { |definition| [0, [\d_recv, definition.asBytes]] }
			++ read.collect { |buffer| [0, buffer.allocReadMsg(buffer.path)] }
			++ played ++ [[end, [\c_set, 0, 0]]])
	}

	// What the file at this path will be as a Buffer.
	*unread { |path, number|
		var file = SoundFile.openRead(path);
		if(file.isNil) { Error("Antiphon: % cannot be read".format(path)).throw };
		file.close;
		^Buffer(Server.default, file.numFrames, file.numChannels, number)
		.sampleRate_(file.sampleRate).path_(path)
	}

	// When the voice ends that this bundle of a score begins.
	*end { |bundle|
		var message = bundle[1], lasts = message.indexOf(\lasts);
		^bundle[0] + (lasts !? { message[lasts + 1] } ? 0)
	}

	*lasts { |info|
		var buffer = info[\buffer];
		^buffer.numFrames / buffer.sampleRate
	}

	// Frees the buffer as soon as no voice plays it any more.
	*release { |info|
		var rest;
		if(info[\buffer].isNil) { ^this };
		rest = (info[\until] ? 0) - thisThread.seconds;
		SystemClock.sched(max(rest, 0) + 1, { info[\buffer].free; nil })
	}
}

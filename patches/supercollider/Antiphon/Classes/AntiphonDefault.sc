// What the class is told goes to Antiphon.default.
+ Antiphon {
	*free { default.free }
	*on { |verb, function| ^this.default.on(verb, function) }
	*answer { |function| ^this.default.answer(function) }
	*answers { ^this.default.answers }
	*set { |key, value| ^this.default.set(key, value) }
	*get { |key, function| ^this.default.get(key, function) }

	*generate { |path, voice, model, follow, seconds, times, variations, temperature, loudness,
		ending, fade, random_seed, top_p, guide, more|
		^this.default.generate(path, voice, model, follow, seconds, times, variations,
			temperature, loudness, ending, fade, random_seed, top_p, guide, more)
	}

	*cancel { |id = \all| ^this.default.cancel(id) }
	*model { |name| ^this.default.model(name) }
	*voice { |name = \default| ^this.default.voice(name) }
	*replay { |since = 0| ^this.default.replay(since) }
	*reset { ^this.default.reset }
	*log { |level = \info| ^this.default.log(level) }
	*status { |function| ^this.default.status(function) }
	*ping { |function, patience = 2| ^this.default.ping(function, patience) }

	*record { |seconds, bus, channels, name, voice, node|
		^this.default.record(seconds, bus, channels, name, voice, node)
	}

	*isRecording { ^this.default.isRecording }
	*stopRecording { ^this.default.stopRecording }

	*pattern { |voices = 3, stagger = 2, fade = 0.05, amp = 0.5, rate = 1, repeats = 1, out = 0,
		spread = 0.8|
		^this.default.pattern(voices, stagger, fade, amp, rate, repeats, out, spread)
	}

	*play { |voices = 3, stagger = 2, fade = 0.05, amp = 0.5, rate = 1, repeats = 1, out = 0,
		spread = 0.8, clock, quant|
		^this.default.play(voices, stagger, fade, amp, rate, repeats, out, spread, clock, quant)
	}

	*score { |voices = 3, stagger = 2, fade = 0.05, amp = 0.5, rate = 1, repeats = 1, spread = 0.8|
		^this.default.score(voices, stagger, fade, amp, rate, repeats, spread)
	}

	*stop { ^this.default.stop }
}

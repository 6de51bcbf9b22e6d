// A conversation with one `antiphon watch`, over OSC and its folder.
Antiphon {
	classvar default, count = 0;
	var <root, <address, <port, <prefix, <>server;
	var <>verbose = true, <>keep = 16;
	var <answers, <values, <state, <recorder, <player;
	var number, names, functions, once, answering;

	*initClass {
		StartUp.add { AntiphonVoice.prepare }
	}

	// root: the folder that `antiphon watch --root` watches; needed to record.
	// host, heardAt: where antiphon hears (--osc-listen); port: where it speaks (--osc).
	// prefix: that of --osc-prefix.
	*new { |root, host = "127.0.0.1", heardAt = 7401, port = 7400, prefix = "", server|
		^super.new.init(root, NetAddr(host, heardAt), port, prefix, server)
	}

	// What the class itself is told goes to the first conversation that is not freed.
	*default { ^default ?? { this.new } }
	*default_ { |antiphon| default = antiphon }

	init { |argRoot, argAddress, argPort, argPrefix, argServer|
		root = argRoot !? { argRoot.standardizePath };
		address = argAddress;
		port = argPort;
		prefix = argPrefix;
		server = argServer ? Server.default;
		answers = [];
		values = IdentityDictionary.new;
		names = Dictionary.new;
		functions = IdentityDictionary.new;
		once = IdentityDictionary.new;
		this.listen;
		default = default ? this;
	}

	listen {
		if(thisProcess.openUDPPort(port).not) {
			Error("Antiphon: another program has UDP port %. End it, or choose another port "
				"here and in antiphon watch --osc 127.0.0.1:PORT.".format(port)).throw
		};
		count = count + 1;
		number = count;
		this.class.verbs.do { |verb|
			// Cmd-. silences, and does not make deaf.
			OSCdef(this.responder(verb), { |message| this.hear(verb, message.drop(1)) },
				this.addressOf(verb), recvPort: port).permanent_(true)
		}
	}

	// What antiphon says.
	*verbs {
		^[\ready, \seen, \heard, \progress, \variation, \done, \set, \cancelled, \skipped, \error,
			\status, \value, \model, \voice, \replayed, \reset, \log, \help, \pong]
	}

	addressOf { |verb| ^"%/antiphon/%".format(prefix, verb).asSymbol }

	responder { |verb| ^"antiphon%_%".format(number, verb).asSymbol }

	// Ends the conversation: nothing more is heard, played, recorded or kept.
	free {
		this.class.verbs.do { |verb| OSCdef(this.responder(verb)).free };
		this.stop;
		if(this.isRecording) { this.stopRecording };
		answers.do { |info| info[\buffer] !? { info[\buffer].free } };
		answers = [];
		functions.clear;
		answering = nil;
		if(default === this) { default = nil }
	}

	// ---- hearing

	// The function is called with the arguments of each /antiphon/VERB, in the order of
	// docs/osc.md; with \any, of each message, after the verb. It replaces the one before it.
	on { |verb, function|
		if(([\any] ++ this.class.verbs).includes(verb).not) {
			Error("Antiphon says no %; it says % (or \\any)".format(verb, this.class.verbs)).throw
		};
		functions[verb] = function
	}

	// The function is called with each answer: a Buffer that holds it and an Event that says
	// what it is (\id, \name, \path, \seconds, \n in a set); with its path instead of the
	// Buffer where no server runs.
	answer { |function| answering = function }

	hear { |verb, arguments|
		arguments = arguments.collect { |argument|
			if(argument.isKindOf(Symbol)) { argument.asString } { argument }
		};
		this.note(verb, arguments);
		once.removeAt(verb).do { |function| function.value(*arguments) };
		functions[verb].value(*arguments);
		functions[\any].value(verb, *arguments)
	}

	note { |verb, arguments|
		var id = arguments[0];
		switch(verb,
			\seen, { names[id] = arguments[1]; this.say("% is seen: %", id, arguments[1]) },
			\done, { this.arrived(id, nil, *arguments[1..]); this.forget(id, "answered") },
			\variation, { this.arrived(*arguments) },
			\set, { this.forget(id, "answered by a set of %".format(arguments[1])) },
			\cancelled, { this.forget(id, "cancelled") },
			\skipped, { this.forget(id, "silent, and was removed") },
			\error, { names.removeAt(id); "Antiphon: % (%)".format(arguments[1], id).warn },
			\status, {
				state = [\waiting, \working, \done, \failed, \model, \voice, \last_id, \uptime]
				.collect { |key, i| [key, arguments[i]] }.flatten.as(Event)
			},
			\value, { values[id.asSymbol] = arguments[1] }
		)
	}

	forget { |id, what|
		this.say("% is %", id, what);
		names.removeAt(id)
	}

	say { |text ... arguments|
		if(verbose) { ("Antiphon:" + text.format(*arguments)).postln }
	}

	arrived { |id, n, path, seconds|
		var info = (id: id, n: n, path: path, seconds: seconds, name: names[id]);
		case
		{ server.serverRunning.not } { this.remember(info); answering.value(path, info) }
		{ server.isLocal and: { File.exists(path).not } } {
			"Antiphon: % is not on this machine".format(path).warn
		}
		{
			Buffer.read(server, path, action: { |buffer|
				info[\buffer] = buffer;
				this.remember(info);
				answering.value(buffer, info)
			})
		}
	}

	remember { |info|
		answers = answers.add(info);
		while { answers.size > keep } { AntiphonVoice.release(answers.removeAt(0)) }
	}

	// ---- asking

	send { |verb ... arguments| address.sendMsg(this.addressOf(verb), *arguments) }

	// Sends, and calls the function once with the arguments of the answer.
	ask { |verb, arguments, answer, function|
		if(function.notNil) { once[answer] = once[answer].add(function) };
		this.send(verb, *arguments)
	}

	set { |key, value| this.send(\set, key, value) }

	// The function is called with the value, which \values keeps too.
	get { |key, function|
		var heard;
		// Other values may come before this one.
		heard = { |what, value|
			if(what.asSymbol == key.asSymbol) { function.value(value) } {
				once[\value] = once[\value].add(heard)
			}
		};
		this.ask(\get, [key], \value, function !? { heard })
	}

	// A file in the folder, or an absolute path, which is copied in.
	generate { |path, voice, model, follow, seconds, times, variations, temperature, loudness,
		ending, fade, random_seed, top_p, guide, more|
		var keys = [\voice, \model, \follow, \seconds, \times, \variations, \temperature,
			\loudness, \ending, \fade, \random_seed, \top_p, \guide];
		var chosen = [voice, model, follow, seconds, times, variations, temperature, loudness,
			ending, fade, random_seed, top_p, guide];
		var pairs = [keys, chosen].flop.select { |pair| pair[1].notNil };
		this.send(\generate, path.standardizePath, *(pairs.flatten(1) ++ more))
	}

	cancel { |id = \all| this.send(\cancel, id) }
	model { |name| this.send(\model, name) }
	voice { |name = \default| this.send(\voice, name) }
	replay { |since = 0| this.send(\replay, since) }
	reset { this.send(\reset) }
	log { |level = \info| this.send(\log, level) }

	// The function is called with the state, an Event; without one it is posted.
	status { |function|
		this.ask(\status, [], \status, { (function ? { |state| state.postln }).value(state) })
	}

	// Calls the function with true when antiphon answers, with false when it does not in time;
	// posts it without a function.
	ping { |function, patience = 2|
		var answered = false;
		function = function ? { |there|
			if(there) { "antiphon is there" } {
				"nobody answers: is antiphon watch running, with --osc-listen %:% and "
				"--osc to port % of this machine?".format(address.hostname, address.port, port)
			}.postln
		};
		this.ask(\ping, [], \pong, { if(answered.not) { answered = true; function.value(true) } });
		SystemClock.sched(patience, { if(answered.not) { answered = true; function.value(false) } })
	}

	// ---- recording

	// Records a bus (the first input, if not said) into ROOT/seeds, for so many seconds or
	// until stopRecording; antiphon answers when the file is complete. The file's path.
	record { |seconds, bus, channels, name, voice, node|
		var path, folder;
		if(root.isNil) {
			Error("Antiphon: record needs the folder that antiphon watches: "
				"Antiphon(\"~/path/to/it\")").throw
		};
		if(server.serverRunning.not) { Error("Antiphon: record needs a running server").throw };
		if(this.isRecording) { Error("Antiphon: % is being recorded".format(recorder.path)).throw };
		bus = bus ?? { Bus(\audio, server.options.numOutputBusChannels, 1, server) };
		channels = channels ?? { if(bus.isKindOf(Bus)) { bus.numChannels } { 1 } };
		folder = [root, "seeds", voice].reject(_.isNil).reduce('+/+');
		path = folder +/+ (name ?? { "sc-" ++ Date.getDate.stamp }) ++ ".wav";
		recorder = AntiphonRecorder(server, path, bus, channels, node, seconds);
		^path
	}

	// From `record` until the file is closed.
	isRecording { ^recorder.notNil and: { recorder.isRecording } }

	stopRecording {
		if(this.isRecording.not) { ^"Antiphon: nothing is being recorded".warn };
		recorder.stop
	}

	// ---- playing

	// The newest answers, the oldest of them first.
	latest { |voices| ^answers.select { |info| info[\buffer].notNil }.keep(voices.neg) }

	// The newest answers, staggered: a voice begins so many beats after the one before it,
	// or later, when one of the voices is free. Waits while there is none.
	pattern { |voices = 3, stagger = 2, fade = 0.05, amp = 0.5, rate = 1, repeats = 1, out = 0,
		spread = 0.8|
		^AntiphonVoice.pattern({ this.latest(voices) }, voices, stagger, fade, amp, rate, repeats,
			out, spread, server)
	}

	// Plays that pattern, instead of what is being played.
	play { |voices = 3, stagger = 2, fade = 0.05, amp = 0.5, rate = 1, repeats = 1, out = 0,
		spread = 0.8, clock, quant|
		this.stop;
		player = this.pattern(voices, stagger, fade, amp, rate, repeats, out, spread)
		.play(clock, nil, quant);
		^player
	}

	// The same without a sound card, from the files: a Score, to be written to a file by its
	// recordNRT. Its end is where the last voice ends.
	score { |voices = 3, stagger = 2, fade = 0.05, amp = 0.5, rate = 1, repeats = 1, spread = 0.8|
		^AntiphonVoice.score(answers.keep(voices.neg), voices, stagger, fade, amp, rate, repeats,
			spread)
	}

	// No voice begins any more; those that sound end.
	stop { player !? { player.stop }; player = nil }
}

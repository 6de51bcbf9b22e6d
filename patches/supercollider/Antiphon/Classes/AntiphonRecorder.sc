// Records a bus into a file, to its last sample: closes it when the disk has had time to
// write what the bus was last, also after Cmd-. .
AntiphonRecorder {
	var server, <path, buffer, synth, active = true, stopped = false, finishing = false;

	*new { |server, path, bus, channels, node, seconds|
		^super.newCopyArgs(server, path).begin(bus, channels, node, seconds)
	}

	*definition { |channels|
		^SynthDef("antiphonRecord" ++ channels, { |in = 0, buf, seconds = 0|
			Line.kr(0, 0, seconds, doneAction: if(seconds <= 0, 0, Done.freeSelf));
			DiskOut.ar(buf, In.ar(in, channels))
		})
	}

	begin { |bus, channels, node, seconds|
		var definition = this.class.definition(channels);
		CmdPeriod.add(this);
		if(File.exists(path.dirname).not) { File.mkdir(path.dirname) };
		fork {
			definition.send(server);
			buffer = Buffer.alloc(server, 32768, channels);
			server.sync;
			buffer.write(path, "wav", "int24", 0, 0, true);
			server.sync;
			synth = Synth.tail(node ?? { RootNode(server) }, definition.name,
				[\in, bus, \buf, buffer, \seconds, seconds ? 0]);
			synth.onFree { this.finish };
			if(stopped) { synth.free }
		}
	}

	isRecording { ^active and: { server.serverRunning } }

	stop {
		stopped = true;
		synth !? { synth.free }
	}

	cmdPeriod {
		// What waited is forgotten, too.
		finishing = false;
		this.finish
	}

	finish {
		if(finishing) { ^this };
		finishing = true;
		fork {
			0.2.wait;
			buffer !? { buffer.close; server.sync; buffer.free };
			CmdPeriod.remove(this);
			active = false
		}
	}
}

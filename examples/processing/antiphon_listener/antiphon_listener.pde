// Shows how far antiphon is with an answer, then the answer's waveform. A key asks for the
// state. Needs the libraries oscP5 and Sound (Sketch > Import Library).
import netP5.*;
import oscP5.*;
import processing.sound.*;

OscP5 osc;
NetAddress antiphon = new NetAddress("127.0.0.1", 7401);
String text = "waiting for a seed", arrived;
float percent = 0;
float[] wave = new float[0];

void setup() {
  size(800, 300);
  osc = new OscP5(this, 7400);
}

void draw() {
  if (arrived != null) load();
  background(250);
  fill(0);
  text(text, 10, 20);
  rect(0, height - 6, width * percent / 100, 6);
  for (int x = 0; x < width && wave.length > 0; x++) {
    float y = wave[(int) ((long) x * wave.length / width)] * height / 2;
    line(x, height / 2 - y, x, height / 2 + y);
  }
}

// In draw's thread: messages come in another.
void load() {
  SoundFile sound = new SoundFile(this, arrived);
  arrived = null;
  wave = new float[sound.frames() * sound.channels()];
  sound.read(wave);
  sound.play();
}

void keyPressed() { osc.send(new OscMessage("/antiphon/status"), antiphon); }

void oscEvent(OscMessage m) {
  if (m.checkAddrPattern("/antiphon/seen")) text = m.get(1).stringValue() + " is heard";
  if (m.checkAddrPattern("/antiphon/progress")) percent = m.get(1).intValue();
  if (m.checkAddrPattern("/antiphon/error")) text = m.get(1).stringValue();
  if (m.checkAddrPattern("/antiphon/status")) text = m.get(0).intValue() + " wait";
  if (m.checkAddrPattern("/antiphon/done")) text = arrived = m.get(1).stringValue();
}

const sampleRate = 8_000;
const headerBytes = 44;
/** Longer ones are cut: the file is made in memory. */
const longestSeconds = 600;

/** Silence as a WAV file, 8 kHz, 8 bit, mono: what the sandbox gives for recordings, which it has only as text. */
export function silentWav(seconds: number): Uint8Array {
  const samples = Math.round(Math.min(longestSeconds, Math.max(0, seconds)) * sampleRate);
  const file = Buffer.alloc(headerBytes + samples, 0x80);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(headerBytes - 8 + samples, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(sampleRate, 24);
  file.writeUInt32LE(sampleRate, 28);
  file.writeUInt16LE(1, 32);
  file.writeUInt16LE(8, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(samples, 40);
  return file;
}

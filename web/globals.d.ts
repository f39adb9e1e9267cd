// Names the DOM library of TypeScript does not know yet, and those of the AudioWorklet scope.

declare const sampleRate: number;

declare class AudioWorkletProcessor {
  readonly port: MessagePort;
  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

interface RTCRtpReceiver {
  /** Chromium's older name of jitterBufferTarget, in seconds. */
  playoutDelayHint?: number | null;
}

interface AudioContext {
  setSinkId?(id: string): Promise<void>;
}

interface Window {
  visavis: {
    state(): import("./state.js").ViewModel & { transcripts: { user: string[]; agent: string[] } };
    stats(): import("./protocol.js").LinkStats;
    levels(): { agent: import("./audio/level.js").Level; user: import("./audio/level.js").Level };
  };
}

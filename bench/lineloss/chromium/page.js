// The near end of `line_loss` in Chromium: calls as the page itself makes them, with tracks in the
// microphone's and the loudspeaker's place. What crosses them is the worker's business.

import { WebRtcCall } from "/web/call/webrtc.js";

const sound = new Worker("sound.js", { type: "module" });

/** @type {Promise<WebRtcCall>[]} */
const calls = [];

/** Calls that the page gave up. @type {number[]} */
const lost = [];

/** @param {number} id @param {Record<string, any>} message @param {Transferable[]} [transfer] */
const tell = (id, message, transfer = []) => sound.postMessage({ id, ...message }, transfer);

/** @param {number} id @param {MediaStreamTrack} track */
function hear(id, track) {
  const { readable } = new MediaStreamTrackProcessor({ track, maxBufferSize: 100 });
  tell(id, { readable }, [readable]);
}

globalThis.bench = {
  /** Begin a call; its offer goes to the server of this page, which is the bench. */
  call() {
    const id = calls.length;
    const microphone = new MediaStreamTrackGenerator({ kind: "audio" });
    tell(id, { writable: microphone.writable }, [microphone.writable]);
    const options = {
      base: `${location.origin}/call/${id}/`,
      config: { ice_servers: [] },
      apiKey: "",
      microphone: new MediaStream([microphone]),
      // Where the page measures how loud the agent is.
      context: { createMediaStreamSource: (stream) => hear(id, stream.getAudioTracks()[0]) },
      // Chromium asks NetEq for sound only if something plays it.
      element: new Audio(),
      onEvent() {},
      onClosed() {
        lost.push(id);
        console.error(`call ${id} was lost`);
      },
    };
    calls.push(WebRtcCall.connect(options));
    calls[id].catch((error) => console.error(`call ${id}:`, error));
  },

  /** @param {number} id */
  connected: (id) => calls[id].then(() => undefined),

  /** What NetEq counted since the call began; null before its first packet. */
  async inbound() {
    const all = await Promise.all(calls);
    return Promise.all(
      all.map(async ({ pc }) => {
        for (const report of (await pc.getStats()).values()) {
          if (report.type === "inbound-rtp") return report;
        }
        return null;
      }),
    );
  },

  /**
   * Speak and listen on all calls.
   * @param {{ start: number, phases: number[], seconds: number }} when `start` in ms since 1970
   * @returns {Promise<{ late: number[], lost: number[] }>} ms by which frames were handed over late;
   *   calls that were given up
   */
  run(when) {
    sound.postMessage({ run: when });
    return new Promise((resolve, reject) => {
      sound.onmessage = ({ data }) => {
        if (data.error) reject(new Error(data.error));
        else resolve({ ...data, lost });
      };
    });
  },

  async close() {
    for (const call of await Promise.allSettled(calls)) call.value?.close();
  },
};

// What every way of making a call offers, and which one is tried first.

/**
 * @typedef {object} TransportOptions
 * @property {string} base URL of the server, with a slash at its end
 * @property {import("../protocol.js").Config} config
 * @property {string} apiKey "" if the server wants none
 * @property {MediaStream} microphone
 * @property {AudioContext} context running
 * @property {HTMLAudioElement} element plays the agent over WebRTC
 * @property {(event: import("../protocol.js").ServerEvent) => void} onEvent
 * @property {() => void} onClosed the call was lost; not called after `close()`
 */

/**
 * @typedef {object} Transport
 * @property {"webrtc" | "websocket"} kind
 * @property {AudioNode | null} agentAudio what the agent says, to be measured
 * @property {(event: import("../protocol.js").ClientEvent) => void} send
 * @property {(stream: MediaStream) => Promise<void>} replaceMicrophone
 * @property {() => Promise<import("../protocol.js").LinkStats>} stats since the last call of it
 * @property {() => void} close
 */

import { NoPathError, WebRtcCall } from "./webrtc.js";
import { WebSocketCall } from "./websocket.js";

/**
 * Ways to try, in order.
 * @param {{ webrtc: boolean }} config what the server can do
 * @param {string | null} wanted `?transport=` of the page
 * @param {boolean} capable whether this browser has WebRTC
 * @returns {("webrtc" | "websocket")[]}
 */
export function waysToTry(config, wanted, capable) {
  if (wanted === "ws" || wanted === "websocket") return ["websocket"];
  if (!config.webrtc || !capable) return ["websocket"];
  return wanted === "webrtc" ? ["webrtc"] : ["webrtc", "websocket"];
}

/**
 * @param {TransportOptions} options
 * @param {string | null} wanted
 * @returns {Promise<Transport>} connected
 * @throws {import("../errors.js").CallError}
 */
export async function connect(options, wanted) {
  const ways = waysToTry(options.config, wanted, "RTCPeerConnection" in globalThis);
  for (const way of ways.slice(0, -1)) {
    try {
      return await open(way, options);
    } catch (error) {
      if (!(error instanceof NoPathError)) throw error;
      console.info(`${way} found no way (${error.message}); trying the next`);
    }
  }
  return open(ways[ways.length - 1], options);
}

/**
 * @param {"webrtc" | "websocket"} way
 * @param {TransportOptions} options
 * @returns {Promise<Transport>}
 */
function open(way, options) {
  return way === "webrtc" ? WebRtcCall.connect(options) : WebSocketCall.connect(options);
}

// The events between server and page: their shapes, and the one place where text becomes events.
// Names are those of OpenAI Realtime GA; ours carry the prefix `visavis.`.

/** @typedef {"initializing" | "listening" | "thinking" | "speaking"} AgentState */
/** @typedef {"listening" | "speaking" | "away"} UserState */

/**
 * Milliseconds from the end of the person's speech to each stage; absent if not reached yet.
 * @typedef {Partial<Record<StageName, number>>} Stages
 */
/**
 * @typedef {"silence_seen" | "transcript" | "llm_start" | "llm_first_token" | "first_clause"
 *   | "tts_first_audio" | "released" | "first_sent" | "first_played" | "done"} StageName
 */

/**
 * One turn's measured delays, see src/visavis/conversation/ledger.py.
 * @typedef {object} Ledger
 * @property {number} turn
 * @property {string} user_item
 * @property {string | null} response_id
 * @property {number} speech_ms
 * @property {number} speech_end_ms
 * @property {Stages} stages
 * @property {number} speculations
 * @property {number} dropped
 * @property {boolean} interrupted
 * @property {boolean} played_exact
 */

/**
 * What the server measured of the line in the last second.
 * @typedef {object} ServerLink
 * @property {number | null} rtt_ms
 * @property {number} jitter_ms
 * @property {number} received
 * @property {number} lost
 * @property {number} recovered
 * @property {number} concealed
 * @property {number} [queue_ms] delay in the network above its recent minimum
 * @property {number} [longest_loss] packets
 * @property {number | null} [estimate_down] bits a second
 * @property {number | null} loss_down
 * @property {number} bitrate_up
 * @property {number} bitrate_down
 * @property {number} buffer_ms
 */

/**
 * What the page itself measured. Fractions 0…1, times in ms, bitrates in bits a second.
 * @typedef {object} LinkStats
 * @property {number | null} rtt_ms
 * @property {number | null} jitter_ms
 * @property {number | null} loss fraction of the agent's packets lost on the way down
 * @property {number | null} concealed fraction of the agent's audio that was guessed
 * @property {number | null} buffer_ms delay of the receive buffer
 * @property {number | null} bitrate_down
 */

/** @type {Readonly<LinkStats>} */
export const NO_STATS = Object.freeze({
  rtt_ms: null,
  jitter_ms: null,
  loss: null,
  concealed: null,
  buffer_ms: null,
  bitrate_down: null,
});

/**
 * `GET /config.json`.
 * @typedef {object} Config
 * @property {string} version
 * @property {boolean} webrtc
 * @property {RTCIceServer[]} ice_servers
 * @property {string} model
 */

/**
 * `type` is `invalid_request_error` (the page's doing) or `server_error`.
 * @typedef {{ type?: string, code?: string | null, message?: string }} ErrorBody
 */
/** @typedef {{ type?: string, transcript?: string | null, text?: string | null }} ContentPart */
/** @typedef {{ id?: string, content?: ContentPart[] }} OutputItem */

/**
 * The events the page understands. Unknown ones are ignored: a newer server may send more.
 * @typedef {{ type: "input_audio_buffer.speech_started", item_id: string }
 *   | { type: "input_audio_buffer.speech_stopped", item_id: string }
 *   | { type: "conversation.item.input_audio_transcription.delta", item_id: string,
 *       delta: string, visavis_text?: string }
 *   | { type: "conversation.item.input_audio_transcription.completed", item_id: string,
 *       transcript: string }
 *   | { type: "response.created", response: { id: string } }
 *   | { type: "response.output_audio_transcript.delta", response_id: string, item_id: string,
 *       delta: string }
 *   | { type: "response.output_audio_transcript.done", response_id: string, item_id: string,
 *       transcript: string }
 *   | { type: "response.output_audio.delta", response_id: string, item_id: string,
 *       delta: string }
 *   | { type: "response.done", response: { id: string, status: string, output?: OutputItem[] } }
 *   | { type: "output_audio_buffer.started", response_id: string }
 *   | { type: "output_audio_buffer.stopped", response_id: string }
 *   | { type: "output_audio_buffer.cleared", response_id: string }
 *   | { type: "conversation.item.truncated", item_id: string, audio_end_ms: number,
 *       visavis_text?: string }
 *   | { type: "error", error: ErrorBody }
 *   | { type: "session.created" }
 *   | { type: "visavis.hello", version: string }
 *   | { type: "visavis.state", user: UserState, agent: AgentState }
 *   | { type: "visavis.ledger", ledger: Ledger }
 *   | { type: "visavis.feeling", item_id: string, label: string, confidence: number,
 *       arousal: number, valence: number }
 *   | { type: "visavis.aside", aside: "filler" | "acknowledgement", text: string }
 *   | { type: "visavis.plan", plan: unknown }
 *   | ({ type: "visavis.link" } & ServerLink)} ServerEvent
 */

/**
 * What the page sends.
 * @typedef {{ type: "visavis.playback", rtp_timestamp: number }
 *   | { type: "visavis.playback", item_id: string, audio_ms: number }
 *   | { type: "visavis.link", window_ms: number, received: number, lost: number,
 *       concealed: number, recovered: number, jitter_ms: number, buffer_ms?: number,
 *       plan?: boolean }
 *   | { type: "input_audio_buffer.append", audio: string }} ClientEvent
 */

/**
 * One text message as an event, or null if it is not one. A broken message from the server must
 * not end a call that otherwise works, so nothing is thrown.
 * @param {unknown} data
 * @returns {ServerEvent | null}
 */
export function parseEvent(data) {
  if (typeof data !== "string") return null;
  try {
    const value = JSON.parse(data);
    const known = value !== null && typeof value === "object" && typeof value.type === "string";
    return known ? value : null;
  } catch {
    return null;
  }
}

/**
 * The server's settings for pages, with what is missing filled in.
 * @param {unknown} value parsed JSON
 * @returns {Config}
 */
export function readConfig(value) {
  const raw = /** @type {Record<string, unknown>} */ (value ?? {});
  return {
    version: typeof raw.version === "string" ? raw.version : "",
    webrtc: raw.webrtc === true,
    ice_servers: Array.isArray(raw.ice_servers) ? raw.ice_servers : [],
    model: typeof raw.model === "string" ? raw.model : "default",
  };
}

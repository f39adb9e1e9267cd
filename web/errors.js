// What can go wrong, in words a person can act on.

/**
 * @typedef {"insecure" | "mic_refused" | "mic_missing" | "mic_in_use" | "mic_failed" | "busy"
 *   | "unreachable" | "dropped" | "gave_up" | "refused" | "key" | "no_socket" | "unsupported" | "camera_refused"
 *   | "camera_missing" | "speaker_failed" | "server"} Code
 */

/**
 * @typedef {object} Problem
 * @property {Code} code
 * @property {string} title
 * @property {string} message what to do about it
 * @property {boolean} retry whether trying again can help
 */

/** @type {Record<Code, { title: string, message: string, retry: boolean }>} */
const TEXTS = {
  insecure: {
    title: "This page is not secure enough for a microphone",
    message:
      "Browsers only give the microphone to secure pages. On the machine that runs the server, " +
      "open http://localhost with the same port. From a phone or another computer, start the " +
      "server with a TLS certificate (--tls-cert and --tls-key) and open the https:// address.",
    retry: false,
  },
  mic_refused: {
    title: "The microphone is blocked",
    message:
      "Allow the microphone for this page: click the icon to the left of the address, choose " +
      "Microphone, then Allow, and try again.",
    retry: true,
  },
  mic_missing: {
    title: "No microphone found",
    message: "Plug one in or turn on your headset, then try again.",
    retry: true,
  },
  mic_in_use: {
    title: "The microphone does not answer",
    message: "Another program may be holding it. Close that program, or choose another microphone.",
    retry: true,
  },
  mic_failed: {
    title: "The microphone could not be opened",
    message: "The browser did not say why. Choose another microphone, or try again.",
    retry: true,
  },
  busy: {
    title: "All lines are busy",
    message: "The server is carrying as many calls as it can do well. Try again in a moment.",
    retry: true,
  },
  unreachable: {
    title: "The server does not answer",
    message: "Check that it is running and that you are on the same network, then try again.",
    retry: true,
  },
  dropped: {
    title: "The call dropped",
    message: "The connection to the server was lost. Your words so far are kept on this page.",
    retry: true,
  },
  gave_up: {
    title: "Could not reconnect",
    message: "The server did not come back. Check your network, then try again.",
    retry: true,
  },
  refused: {
    title: "The server refused the call",
    message: "",
    retry: true,
  },
  key: {
    title: "This server wants a key",
    message: "Open the page with #key= and the server's key at the end of its address.",
    retry: true,
  },
  no_socket: {
    title: "The server did not take the call",
    message:
      "It refused the WebSocket. A proxy in between may not let it pass, or the server wants a " +
      "key: then open the page with #key= and the key at the end of its address.",
    retry: true,
  },
  unsupported: {
    title: "This browser cannot make calls",
    message: "It has neither WebRTC nor AudioWorklet. A current Chrome, Firefox or Safari has both.",
    retry: false,
  },
  camera_refused: {
    title: "The camera is blocked",
    message: "Allow the camera for this page in the browser's address bar. The call goes on.",
    retry: false,
  },
  camera_missing: {
    title: "No camera could be opened",
    message: "None is connected, or another program is holding it. The call goes on.",
    retry: false,
  },
  speaker_failed: {
    title: "That loudspeaker could not be used",
    message: "The sound stays where it was.",
    retry: false,
  },
  server: {
    title: "The server reported a problem",
    message: "",
    retry: false,
  },
};

/** An error that already knows what to tell the person. */
export class CallError extends Error {
  /**
   * @param {Code} code
   * @param {string} [detail] the server's own words, used where ours are empty
   */
  constructor(code, detail = "") {
    super(TEXTS[code].title);
    this.name = "CallError";
    this.code = code;
    this.detail = detail;
  }
}

/**
 * @param {Code} code
 * @param {string} [detail]
 * @returns {Problem}
 */
export function problem(code, detail = "") {
  const text = TEXTS[code];
  return { code, title: text.title, message: text.message || detail, retry: text.retry };
}

/**
 * The problem behind whatever was thrown.
 * @param {unknown} error
 * @returns {Problem}
 */
export function problemOf(error) {
  if (error instanceof CallError) return problem(error.code, error.detail);
  return problem("refused", error instanceof Error ? error.message : String(error));
}

/**
 * Why `getUserMedia` failed.
 * @param {unknown} error
 * @param {"mic" | "camera"} device
 * @returns {Code}
 */
export function mediaCode(error, device) {
  const name = error instanceof DOMException || error instanceof Error ? error.name : "";
  if (device === "camera") return name === "NotAllowedError" ? "camera_refused" : "camera_missing";
  if (name === "NotAllowedError" || name === "SecurityError") return "mic_refused";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "mic_missing";
  if (name === "NotReadableError" || name === "AbortError") return "mic_in_use";
  return "mic_failed";
}

// Microphone and camera: asking for them, and what they are called.

import { CallError, mediaCode } from "../errors.js";

/**
 * The person's microphone, cleaned by the browser: without echo cancellation the agent would
 * hear itself in the loudspeaker and answer.
 * @param {string} deviceId "" for the system's choice
 * @returns {Promise<MediaStream>}
 * @throws {CallError} insecure, mic_refused, mic_missing, mic_in_use, mic_failed
 */
export async function openMicrophone(deviceId) {
  if (!window.isSecureContext || !navigator.mediaDevices) throw new CallError("insecure");
  /** @type {MediaTrackConstraints} */
  const audio = {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    channelCount: { ideal: 1 },
    ...(deviceId ? { deviceId: { ideal: deviceId } } : {}),
  };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new CallError(mediaCode(error, "mic"));
  }
}

/**
 * @param {string} deviceId "" for the system's choice
 * @returns {Promise<MediaStream>}
 * @throws {CallError} insecure, camera_refused, camera_missing
 */
export async function openCamera(deviceId) {
  if (!window.isSecureContext || !navigator.mediaDevices) throw new CallError("insecure");
  /** @type {MediaTrackConstraints} */
  const video = {
    width: { ideal: 1280 },
    height: { ideal: 720 },
    ...(deviceId ? { deviceId: { ideal: deviceId } } : { facingMode: "user" }),
  };
  try {
    return await navigator.mediaDevices.getUserMedia({ video });
  } catch (error) {
    throw new CallError(mediaCode(error, "camera"));
  }
}

/** @param {MediaStream | null} stream */
export function stopStream(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/**
 * The devices of one kind. Browsers hide their names until one of them was allowed.
 * @param {MediaDeviceKind} kind
 * @returns {Promise<MediaDeviceInfo[]>}
 */
export async function listDevices(kind) {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return all.filter((device) => device.kind === kind && device.deviceId !== "");
}

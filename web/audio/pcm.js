// Samples between their forms: float (Web Audio), int16 (the wire), base64 (JSON).

/**
 * @param {Float32Array} samples -1…1; what lies outside is clipped
 * @returns {Int16Array}
 */
export function floatToPcm16(samples) {
  const pcm = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i += 1) {
    const value = Math.max(-1, Math.min(1, samples[i]));
    pcm[i] = Math.round(value < 0 ? value * 0x8000 : value * 0x7fff);
  }
  return pcm;
}

/**
 * @param {Int16Array} pcm
 * @returns {Float32Array}
 */
export function pcm16ToFloat(pcm) {
  const samples = new Float32Array(pcm.length);
  for (let i = 0; i < pcm.length; i += 1) samples[i] = pcm[i] / (pcm[i] < 0 ? 0x8000 : 0x7fff);
  return samples;
}

/**
 * Little-endian int16 as base64, whatever the byte order of this machine.
 * @param {Int16Array} pcm
 * @returns {string}
 */
export function pcm16ToBase64(pcm) {
  const bytes = new Uint8Array(pcm.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < pcm.length; i += 1) view.setInt16(i * 2, pcm[i], true);
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x2000) {
    binary += String.fromCharCode(...bytes.subarray(i, i + 0x2000));
  }
  return btoa(binary);
}

/**
 * @param {string} text base64 of little-endian int16; an odd last byte is left out
 * @returns {Int16Array}
 * @throws {DOMException} InvalidCharacterError if it is not base64
 */
export function base64ToPcm16(text) {
  const binary = atob(text);
  const pcm = new Int16Array(binary.length >> 1);
  for (let i = 0; i < pcm.length; i += 1) {
    pcm[i] = ((binary.charCodeAt(2 * i + 1) << 8) | binary.charCodeAt(2 * i)) << 16 >> 16;
  }
  return pcm;
}

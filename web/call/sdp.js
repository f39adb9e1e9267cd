// What the page wants in its offer beyond what browsers put there by themselves.

/**
 * Ask for in-band FEC in every Opus payload of an offer: a lost packet can then be rebuilt from
 * the one after it. Chromium asks for it by itself, Firefox and Safari not always.
 * @param {string} sdp
 * @returns {string}
 */
export function withInbandFec(sdp) {
  const lines = sdp.split("\r\n");
  const payloads = lines.flatMap((line) => /^a=rtpmap:(\d+) opus\/48000/i.exec(line)?.[1] ?? []);
  return lines
    .flatMap((line) => {
      const map = /^a=rtpmap:(\d+) opus\/48000/i.exec(line);
      const hasFmtp = map && lines.some((other) => other.startsWith(`a=fmtp:${map[1]} `));
      if (map && !hasFmtp) return [line, `a=fmtp:${map[1]} minptime=10;useinbandfec=1`];
      const fmtp = /^a=fmtp:(\d+) /.exec(line);
      if (fmtp && payloads.includes(fmtp[1]) && !line.includes("useinbandfec")) {
        return [`${line};useinbandfec=1`];
      }
      return [line];
    })
    .join("\r\n");
}

/**
 * Ask in an offer to be told which packets of our voice were lost (`nack`, RFC 4585). Chromium then
 * sends them again; it does so for audio only if the offer says it.
 * @param {string} sdp
 * @returns {string}
 */
export function withAudioNack(sdp) {
  return sdp
    .split("\r\n")
    .flatMap((line) => {
      const opus = /^a=rtpmap:(\d+) opus\/48000/i.exec(line)?.[1];
      const nack = `a=rtcp-fb:${opus} nack`;
      return opus && !sdp.includes(`${nack}\r\n`) ? [line, nack] : [line];
    })
    .join("\r\n");
}

/**
 * RED (RFC 2198) before every other codec, where the browser has it: libwebrtc then sends with each
 * packet a copy of the one before, and a lost one costs nothing but its bits.
 * @template {{ mimeType: string }} T
 * @param {readonly T[]} codecs
 * @returns {T[]}
 */
export function redFirst(codecs) {
  const isRed = (/** @type {T} */ codec) => codec.mimeType.toLowerCase() === "audio/red";
  return [...codecs.filter(isRed), ...codecs.filter((codec) => !isRed(codec))];
}

// The two things the page wants in its offer that no browser API sets.

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

// Stands in for the server's media engine: answers the page's SDP offer with a second
// RTCPeerConnection in the same tab, which plays a tone and keeps what the page tells it. `sender` is
// the page's, of its microphone. A PATCH is
// answered with `refusal`, an HTTP status, if one is set.

window.answerer = {
  texts: [],
  heard: 0,
  hangups: 0,
  restarts: 0,
  refusal: 0,
  refused: 0,
  pc: null,
  channel: null,
  tone: null,
  sender: null,
};

const realAddTrack = RTCPeerConnection.prototype.addTrack;
RTCPeerConnection.prototype.addTrack = function (...given) {
  const sender = realAddTrack.apply(this, given);
  // The page calls; who is called has nothing to add before.
  window.answerer.sender ??= sender;
  return sender;
};

async function answer(sdp) {
  const { answerer } = window;
  const pc = new RTCPeerConnection();
  answerer.pc = pc;
  const context = new AudioContext();
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  gain.gain.value = 0;
  const out = context.createMediaStreamDestination();
  oscillator.connect(gain).connect(out);
  oscillator.start();
  answerer.tone = gain.gain;
  pc.ondatachannel = ({ channel }) => {
    if (channel.label !== "oai-events") return;
    answerer.channel = channel;
    channel.onmessage = ({ data }) => answerer.texts.push(JSON.parse(data));
  };
  await pc.setRemoteDescription({ type: "offer", sdp });
  pc.addTrack(out.stream.getAudioTracks()[0], out.stream);
  await pc.setLocalDescription();
  if (pc.iceGatheringState !== "complete") {
    await new Promise((resolve) => {
      pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && resolve();
    });
  }
  return pc.localDescription.sdp;
}

async function restart(sdp) {
  const { pc } = window.answerer;
  await pc.setRemoteDescription({ type: "offer", sdp });
  await pc.setLocalDescription();
  if (pc.iceGatheringState !== "complete") {
    await new Promise((resolve) => {
      pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && resolve();
    });
  }
  window.answerer.restarts += 1;
  return pc.localDescription.sdp;
}

const realFetch = window.fetch;
window.fetch = async (url, init) => {
  if (init?.method === "PATCH") {
    if (window.answerer.refusal) {
      window.answerer.refused += 1;
      return new Response("", { status: window.answerer.refusal });
    }
    return new Response(await restart(init.body), { status: 200 });
  }
  if (init?.method !== "POST") return realFetch(url, init);
  if (String(url).endsWith("/hangup")) {
    window.answerer.hangups += 1;
    return new Response("", { status: 200 });
  }
  const headers = { Location: "/v1/realtime/calls/rtc_1" };
  return new Response(await answer(init.body), { status: 201, headers });
};

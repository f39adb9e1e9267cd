// The browser SDK's public face.

export { Conversation } from "./call/conversation.js";
export { CallError, problem } from "./errors.js";
export { INITIAL, reduce } from "./state.js";

"""What the machine asks for is done: each action goes to the part of the session whose it is."""

from __future__ import annotations

from collections.abc import AsyncIterator

from visavis.conversation import orders as do
from visavis.conversation.agent import Agent
from visavis.conversation.hearing import Hearing
from visavis.conversation.ledger import Ledger
from visavis.conversation.prompts import Prompts
from visavis.conversation.requests import Requests
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.speech import Speech
from visavis.conversation.tool_runner import ToolRunner
from visavis.conversation.watchers import Watchers
from visavis.models.protocols import Token


class Actions:
    """`agent` may be changed; it holds for the replies to come."""

    def __init__(
        self,
        agent: Agent,
        settings: ConversationSettings,
        *,
        hearing: Hearing,
        prompts: Prompts,
        requests: Requests,
        speech: Speech,
        watchers: Watchers,
        tools: ToolRunner,
    ) -> None:
        self.agent = agent
        self._set = settings
        self._listener = hearing.listener
        self._person = hearing.person
        self._prompts = prompts
        self._requests = requests
        self._mouth = speech.mouth
        self._asides = speech.asides
        self._watchers = watchers
        self._tools = tools
        self._voices = hearing.voices
        self._said = ""
        """What the person said last."""
        self._committed: Ledger | None = None
        """The turn that waits for its reply's release."""

    def carry_out(self, action: do.Action) -> None:
        match action:
            case do.BeginUtterance():
                self._person.begin(action.start)
                if self._voices is not None:
                    self._voices.begin()
            case do.NewSegment():
                self._listener.cut(action.position)
            case do.Decode():
                self._listener.decode(action)
            case do.AskScore():
                self._listener.score(action)
            case do.Caption():
                self._person.transcribed(action.text, action.confidence, final=False)
            case do.Prefill():
                self._prompts.prefill(action.text)
            case do.StartReply():
                self._person.speculated()
                texts = self._prompts.answer(action.text)
                self._mouth.prepare(action.reply, texts, self.agent)
            case do.StartAsked():
                self._start_asked(action)
            case do.StartResults():
                texts = self._prompts.speak()
                self._mouth.prepare(action.reply, texts, self.agent, announce=True)
            case do.StartHold():
                words = _literal(self.agent.in_language(self.agent.holding, self._said))
                self._mouth.prepare(action.reply, words, self.agent, announce=True)
            case do.StartAgain():
                words = _literal(self.agent.in_language(self.agent.not_caught, self._said))
                self._mouth.prepare(action.reply, words, self.agent, announce=True)
            case do.StartApology():
                self._committed = None
                self._mouth.prepare(
                    action.reply, _literal(self.agent.apology), self.agent, announce=True
                )
            case do.DropReply():
                self._person.dropped(self._mouth.drop(action.reply))
            case do.EndSpeech():
                self._person.end_speech(action.end)
            case do.CommitUser():
                self._committed = self._person.commit(action.text, action.confidence)
                self._said = action.text
                self._tools.next_turn()
            case do.DropUser():
                self._person.drop()
                if self._voices is not None and action.reason == "another's voice":
                    self._voices.refuse()
            case do.LearnVoice():
                if self._voices is not None:
                    self._voices.learn(clear=action.clear)
            case do.Fill():
                if not self._mouth.is_voicing(action.reply):
                    self._asides.say("filler", self.agent, action.said)
            case do.Acknowledge():
                self._asides.say("acknowledgement", self.agent, action.said)
            case do.Hush():
                self._asides.hush()
            case do.Release():
                # A filler is let finish; an acknowledgement must not keep an answer waiting.
                self._asides.hush("acknowledgement")
                if self._mouth.release(action.reply, self._committed):
                    self._committed = None
            case do.Duck():
                self._mouth.duck(self._set.duck_gain)
            case do.Unduck():
                self._mouth.duck(1.0)
            case do.Stop():
                self._mouth.stop(action.reply)
            case do.ForgetRequest():
                self._requests.forget(action.request)
            case do.Report():
                self._watchers.report(action.code, action.message)

    def _start_asked(self, action: do.StartAsked) -> None:
        request = self._requests.take(action.request)
        if request.say is not None:
            texts: AsyncIterator[Token] = _literal(request.say)
        else:
            texts = self._prompts.speak(request.instructions)
        self._mouth.prepare(action.reply, texts, self.agent, announce=True, done=request.done)


async def _literal(text: str) -> AsyncIterator[str]:
    yield text

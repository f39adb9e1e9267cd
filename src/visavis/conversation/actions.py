"""What the machine asks for is done: each action goes to the part of the session whose it is."""

from __future__ import annotations

from collections.abc import AsyncIterator

from visavis.conversation import signals as s
from visavis.conversation.agent import Agent
from visavis.conversation.hearing import Hearing
from visavis.conversation.ledger import Ledger
from visavis.conversation.prompts import Prompts
from visavis.conversation.requests import Requests
from visavis.conversation.settings import ConversationSettings
from visavis.conversation.speech import Speech
from visavis.conversation.tool_runner import ToolRunner
from visavis.conversation.watchers import Watchers
from visavis.models.protocols import ToolCall


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
        self._said = ""
        """What the person said last."""
        self._committed: Ledger | None = None
        """The turn that waits for its reply's release."""

    def do(self, action: s.Action) -> None:
        match action:
            case s.BeginUtterance():
                self._person.begin(action.start)
            case s.NewSegment():
                self._listener.cut(action.position)
            case s.Decode():
                self._listener.decode(action)
            case s.AskScore():
                self._listener.score(action)
            case s.Caption():
                self._person.transcribed(action.text, action.confidence, final=False)
            case s.Prefill():
                self._prompts.prefill(action.text)
            case s.StartReply():
                self._person.speculated()
                texts = self._prompts.answer(action.text)
                self._mouth.prepare(action.reply, texts, self.agent)
            case s.StartAsked():
                self._start_asked(action)
            case s.StartResults():
                texts = self._prompts.speak()
                self._mouth.prepare(action.reply, texts, self.agent, announce=True)
            case s.StartHold():
                words = _literal(self.agent.in_language(self.agent.holding, self._said))
                self._mouth.prepare(action.reply, words, self.agent, announce=True)
            case s.StartAgain():
                words = _literal(self.agent.in_language(self.agent.not_caught, self._said))
                self._mouth.prepare(action.reply, words, self.agent, announce=True)
            case s.StartApology():
                self._committed = None
                self._mouth.prepare(
                    action.reply, _literal(self.agent.apology), self.agent, announce=True
                )
            case s.DropReply():
                self._person.dropped(self._mouth.drop(action.reply))
            case s.EndSpeech():
                self._person.end_speech(action.end)
            case s.CommitUser():
                self._committed = self._person.commit(action.text, action.confidence)
                self._said = action.text
                self._tools.next_turn()
            case s.DropUser():
                self._person.drop()
            case s.Fill():
                if not self._mouth.is_voicing(action.reply):
                    self._asides.say("filler", self.agent, action.said)
            case s.Acknowledge():
                self._asides.say("acknowledgement", self.agent, action.said)
            case s.Hush():
                self._asides.hush()
            case s.Release():
                # A filler is let finish; an acknowledgement must not keep an answer waiting.
                self._asides.hush("acknowledgement")
                if self._mouth.release(action.reply, self._committed):
                    self._committed = None
            case s.Duck():
                self._mouth.duck(self._set.duck_gain)
            case s.Unduck():
                self._mouth.duck(1.0)
            case s.Stop():
                self._mouth.stop(action.reply)
            case s.ForgetRequest():
                self._requests.forget(action.request)
            case s.Report():
                self._watchers.report(action.code, action.message)

    def _start_asked(self, action: s.StartAsked) -> None:
        request = self._requests.take(action.request)
        if request.say is not None:
            texts: AsyncIterator[str | ToolCall] = _literal(request.say)
        else:
            texts = self._prompts.speak(request.instructions)
        self._mouth.prepare(action.reply, texts, self.agent, announce=True, done=request.done)


async def _literal(text: str) -> AsyncIterator[str]:
    yield text

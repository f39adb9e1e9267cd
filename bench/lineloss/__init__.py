"""Real speech over bad networks, through one stack after another: what `line_loss` and
`redundancy` share.

networks  packet index, time and size to delay or loss: seeded, the same for every stack
material  which utterances, and the streams that are spoken
relay     two network namespaces and this decision between them, in real time
ends      what a stack's process does when told; `end_*` are the stacks
blocks    what the browser heard (`chromium/` is its page) as a recording
rig       one call after another through the relay
virtual   the same networks around the native line in virtual time
align     where in a recording each utterance is, and when it was heard
score     word errors, intelligibility, quality, delay
"""

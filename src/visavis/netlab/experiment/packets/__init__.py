"""A trial at packet level: no codec and no conversation, so hundreds of times as fast.

The caller's microphone sends all the time, the agent answers at the same moments of every cycle.
What each packet is made of (`traffic`), which slots of speech arrive or can be rebuilt, and when
(`repair`), and what the listeners do with them (`listen`) are simple models of the native line;
how near they come to it is in bench/results/netlab_speed.md. Controllers are the product's own,
fed with reports made of the same packets (`netlab/meter`).
"""

from visavis.netlab.experiment.packets.call import run_packets

__all__ = ["run_packets"]

"""A headless caller: plays a recording into a server and reports.

Enters: recordings. Leaves: transcripts, waterfalls, WAV files, report pages.
"""

"""Other frameworks for voice agents with our models behind their plugin interfaces.

`environment` gives them a virtual environment of their own, `serve` runs one of them in a process,
`link` is the caller's line to it, `sweep` says how they are set and compared.
"""

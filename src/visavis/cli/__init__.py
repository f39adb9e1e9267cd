"""The command line.

Enters: arguments. Leaves: exit codes and text.
"""

"""Turns names, phones and addresses into match keys, and match keys into blind tokens.

Pure: no database, no HTTP, no clock. The office client, the evaluator and the registry share it.
"""

"""Workbooks in and out: the data contract, reading with all problems at once, writing the result."""

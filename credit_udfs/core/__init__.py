"""The mathematics: no files, no clock, no global randomness, no spreadsheet."""

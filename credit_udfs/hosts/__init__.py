"""The spreadsheet programs: each module hands cell values and a workbook's tables to the layers below.

A host computes nothing and knows no other host.
"""

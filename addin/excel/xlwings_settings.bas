' Takes the place of two procedures of xlwings' module: see xlwings_module.py for the reasons.

Private Function GetConfig(configKey As String, Optional fallback As String = "") As Variant
    ' The interpreter's path comes from the sheet of this add-in or else from the file that "credit-udfs addin
    ' install" writes into the user's profile; never from the active workbook or its folder. Read once.
    Static interpreter As String
    Dim settings As Worksheet, row As Long, fileName As String, fileNumber As Integer
    Dim settingName As String, settingValue As String
    GetConfig = "" ' every other setting of xlwings is left alone
    If UCase$(configKey) <> "INTERPRETER_WIN" Then Exit Function
    If interpreter = "" Then
        Set settings = ThisWorkbook.Worksheets(PROJECT_NAME & ".conf")
        For row = 1 To settings.UsedRange.Rows.Count
            If UCase$(settings.Cells(row, 1).Value) = "INTERPRETER_WIN" Then interpreter = settings.Cells(row, 2).Value
        Next row
        fileName = Environ$("USERPROFILE") & "\." & PROJECT_NAME & "\" & PROJECT_NAME & ".conf"
        If interpreter = "" And Len(Dir$(fileName)) > 0 Then
            fileNumber = FreeFile
            Open fileName For Input As #fileNumber
            Do While Not EOF(fileNumber)
                Input #fileNumber, settingName, settingValue
                If UCase$(settingName) = "INTERPRETER_WIN" Then interpreter = settingValue
            Loop
            Close #fileNumber
        End If
    End If
    ' A bare name would be looked for in the current folder, which may be the one of somebody's workbook.
    If Not (interpreter Like "[A-Za-z]:\*" Or interpreter Like "\\*") Or InStr(interpreter, Chr$(34)) > 0 Then
        interpreter = ""
        Err.Raise 513, PROJECT_NAME, _
            "Python is not set up for this add-in. Run in a terminal: credit-udfs addin install"
    End If
    GetConfig = interpreter
End Function

Private Function XLPyCommand() As String
    ' The interpreter itself, without a shell. -I: neither the current folder nor the environment adds modules.
    XLPyCommand = Chr$(34) & GetConfig("INTERPRETER_WIN") & Chr$(34) & " -I -B -c " & Chr$(34) & _
        "from credit_udfs.hosts.excel_com import serve; serve('$(CLSID)', '" & XLWINGS_VERSION & "')" & Chr$(34)
End Function

Attribute VB_Name = "Server"
Option Explicit
Option Private Module

' The way from Excel to our Python and back.

Private Const HOST_MODULE As String = "credit_udfs.hosts.excel_com"

Public Function CallCell(ByVal functionName As String, ByVal arguments As Variant) As Variant
    ' The value of a cell function; what goes wrong on the way is a real #VALUE!, never a text.
    Dim values() As Variant, k As Long
    On Error GoTo failed
    values = Array()
    If UBound(arguments) >= 0 Then ReDim values(0 To UBound(arguments))
    For k = 0 To UBound(arguments)
        If IsObject(arguments(k)) Then
            values(k) = CellValues(arguments(k))
        ElseIf Not IsMissing(arguments(k)) Then
            values(k) = arguments(k) ' what was left out stays Empty
        End If
    Next k
    ' ThisWorkbook, not ActiveWorkbook: a sheet of somebody's workbook must not be taken for code.
    CallCell = RealErrors(XLPy.CallUDF(HOST_MODULE, functionName, values, ThisWorkbook, Application.Caller))
    Exit Function
failed:
    CallCell = CVErr(xlErrValue)
End Function

Private Function CellValues(ByVal cells As Range) As Variant
    ' Value2 has all digits of cells in a currency format; Value alone tells dates from numbers. Values and not the
    ' Range itself: one transfer instead of a conversation. A whole column ends at the last used row of its sheet.
    Dim used As Range, exact As Variant, shown As Variant, row As Long, column As Long
    If cells.Rows.Count = cells.Worksheet.Rows.Count Then
        Set used = cells.Worksheet.UsedRange
        Set cells = cells.Resize(used.Row + used.Rows.Count - 1)
    End If
    exact = cells.Value2
    shown = ShownValues(cells)
    If Not IsArray(shown) Then
        If VarType(shown) = vbDate Then exact = shown
    Else
        For row = 1 To UBound(exact, 1)
            For column = 1 To UBound(exact, 2)
                If VarType(shown(row, column)) = vbDate Then exact(row, column) = shown(row, column)
            Next column
        Next row
    End If
    CellValues = exact
End Function

Private Function ShownValues(ByVal cells As Range) As Variant
    ' Excel refuses Value for a date outside its calendar; the numbers do then.
    On Error Resume Next
    ShownValues = cells.Value
End Function

Public Sub RunCommand(ByVal command As String)
    ' One of the ribbon's verbs, on the active workbook. Python asks, writes and reports.
    Dim answer As String, alerts As Boolean
    If ActiveWorkbook Is Nothing Then
        MsgBox "Open a workbook first.", vbInformation, "credit_udfs"
        Exit Sub
    End If
    ' Otherwise Excel complains after some seconds of waiting for another program.
    alerts = Application.DisplayAlerts
    Application.DisplayAlerts = False
    On Error GoTo failed
    answer = XLPy.Str(XLPy.Call(XLPy.Module(HOST_MODULE), "ribbon", XLPy.Tuple(command, ActiveWorkbook)))
    Application.DisplayAlerts = alerts
    Exit Sub
failed:
    Application.DisplayAlerts = alerts
    Application.StatusBar = False
    MsgBox Err.Description, vbExclamation, "credit_udfs"
End Sub

Public Sub StopPython()
    On Error GoTo failed
    KillPy
    Exit Sub
failed:
    MsgBox Err.Description, vbExclamation, "credit_udfs"
End Sub

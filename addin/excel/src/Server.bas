Attribute VB_Name = "Server"
Option Explicit
Option Private Module

' The way from Excel to our Python and back.

Private Const HOST_MODULE As String = "credit_udfs.hosts.excel_com"

Public Function CallCell(ByVal functionName As String, ByVal arguments As Variant) As Variant
    ' The value of a cell function; what goes wrong on the way is a real #VALUE!, never a text.
    On Error GoTo failed
    ' ThisWorkbook, not ActiveWorkbook: a sheet of somebody's workbook must not be taken for code.
    CallCell = RealErrors(XLPy.CallUDF(HOST_MODULE, functionName, arguments, ThisWorkbook, Application.Caller))
    Exit Function
failed:
    CallCell = CVErr(xlErrValue)
End Function

Public Sub RunCommand(ByVal command As String)
    ' One of the ribbon's verbs, on the active workbook. Python asks, writes and reports.
    If ActiveWorkbook Is Nothing Then
        MsgBox "Open a workbook first.", vbInformation, "credit_udfs"
        Exit Sub
    End If
    On Error GoTo failed
    XLPy.Call XLPy.Module(HOST_MODULE), "ribbon", XLPy.Tuple(command, ActiveWorkbook)
    Exit Sub
failed:
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

Attribute VB_Name = "Answers"
Option Explicit
Option Private Module

' What a cell function gives back. Pure VBA, without Python: LibreOffice can run it too.

Public Function MarkOfError() As String
    ' Python can't put a real error into an array; it sends this character and the error's number instead.
    MarkOfError = Chr$(1)
End Function

Public Function RealErrors(ByVal answer As Variant) As Variant
    ' The answer of Python (one value, a row or a table) with every marked error made a real one.
    Dim row As Long, column As Long
    If Not IsArray(answer) Then
        RealErrors = RealError(answer)
        Exit Function
    End If
    If Dimensions(answer) = 1 Then
        For column = LBound(answer) To UBound(answer)
            answer(column) = RealError(answer(column))
        Next column
    Else
        For row = LBound(answer, 1) To UBound(answer, 1)
            For column = LBound(answer, 2) To UBound(answer, 2)
                If VarType(answer(row, column)) = vbString Then answer(row, column) = RealError(answer(row, column))
            Next column
        Next row
    End If
    RealErrors = answer
End Function

Public Function RealError(ByVal value As Variant) As Variant
    RealError = value
    If VarType(value) <> vbString Then Exit Function
    If Left$(value, 1) = MarkOfError() Then RealError = CVErr(CLng(Mid$(value, 2)))
End Function

Private Function Dimensions(ByRef table As Variant) As Long
    Dim last As Long
    On Error GoTo oneDimension
    last = UBound(table, 2)
    Dimensions = 2
    Exit Function
oneDimension:
    Dimensions = 1
End Function

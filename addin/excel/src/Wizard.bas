Attribute VB_Name = "Wizard"
Option Explicit
Option Private Module

' Help of the functions and of their arguments in Excel's function wizard, in the user's language. The texts are
' on a sheet of this add-in, because VBA's source can't hold Chinese.

Private Const HELP_SHEET As String = "credit_udfs.help"
Private Const FIRST_ARGUMENT As Long = 6
Private Const LANGUAGE_OF_MENUS As Long = 2 ' msoLanguageIDUI

Public Sub DescribeFunctions()
    Static done As Boolean
    Dim help As Worksheet, row As Long, last As Long, count As Long, k As Long, english As Long
    Dim texts() As String
    If done Or ActiveWorkbook Is Nothing Then Exit Sub
    ' Excel refuses MacroOptions in some states (its start screen, a protected view): the functions work without.
    On Error GoTo later
    Set help = ThisWorkbook.Worksheets(HELP_SHEET)
    english = 1
    If IsChinese() Then english = 0
    last = help.UsedRange.Rows.Count
    For row = 2 To last
        count = (help.Cells(row, help.Columns.Count).End(xlToLeft).column - FIRST_ARGUMENT + 1) \ 2
        If count > 0 Then
            ReDim texts(0 To count - 1)
            For k = 0 To count - 1
                texts(k) = help.Cells(row, FIRST_ARGUMENT + 2 * k + english).Value
            Next k
            Application.MacroOptions Macro:="'" & ThisWorkbook.Name & "'!" & help.Cells(row, 1).Value, _
                Description:=help.Cells(row, 2 + english).Value, Category:=help.Cells(row, 4 + english).Value, _
                ArgumentDescriptions:=texts
        Else
            Application.MacroOptions Macro:="'" & ThisWorkbook.Name & "'!" & help.Cells(row, 1).Value, _
                Description:=help.Cells(row, 2 + english).Value, Category:=help.Cells(row, 4 + english).Value
        End If
    Next row
    done = True
later:
End Sub

Private Function IsChinese() As Boolean
    ' The primary language is in the lowest ten bits; 4 is Chinese.
    IsChinese = (Application.LanguageSettings.LanguageID(LANGUAGE_OF_MENUS) And 1023) = 4
End Function

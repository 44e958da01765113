Attribute VB_Name = "Ribbon"
Option Explicit

' One procedure for each button of ribbon.xml. Subs, so that no cell can call them.

Public Sub OnScoreAll(control As IRibbonControl)
    RunCommand "score_all"
End Sub

Public Sub OnOptimisePortfolio(control As IRibbonControl)
    RunCommand "optimise"
End Sub

Public Sub OnStress(control As IRibbonControl)
    RunCommand "stress"
End Sub

Public Sub OnUndo(control As IRibbonControl)
    RunCommand "undo"
End Sub

Public Sub OnModelCard(control As IRibbonControl)
    RunCommand "model_card"
End Sub

Public Sub OnSettings(control As IRibbonControl)
    RunCommand "settings"
End Sub

Public Sub OnRestart(control As IRibbonControl)
    StopPython
End Sub

Public Sub OnHelp(control As IRibbonControl)
    RunCommand "help"
End Sub

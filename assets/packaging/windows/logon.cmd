@echo off
rem What Windows starts at a logon in place of userinit.exe: the gate, and after a
rem yes the desktop. Without a yes it logs the session off: an ended gate alone
rem would leave an empty screen, from which Task Manager can start a desktop.
rem
rem %1 is the folder of the programs of Windows. No variable is trusted, because
rem the account that logs on can set them all, for good.
rem
rem userinit.exe ends by itself when the desktop stands, with a status of its own.
rem "start" hides that status, so that every status but 0 is the gate's own: a no,
rem a fault, a gate that was killed, or one that is not there or can't run.
"%~dp0tfa-logon.exe" -- "%~1\cmd.exe" /d /c start "" "%~1\userinit.exe" || "%~1\logoff.exe"

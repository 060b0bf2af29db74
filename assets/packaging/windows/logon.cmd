@echo off
rem What Windows starts at a logon in place of userinit.exe: the gate, and after a
rem yes the desktop. Without a yes it logs the session off: an ended gate alone
rem would leave an empty screen, from which Task Manager can start a desktop.
rem
rem %1 is the folder of the programs of Windows. No variable is trusted, because
rem the account that logs on can set them all, for good.
rem
rem The gate ends with the status of its command. That is 73 and nothing else when
rem the desktop was started: userinit.exe ends by itself when the desktop stands,
rem with a status of its own, which "start" hides. Any other status is a no, a
rem fault, or a gate that crashed, was killed, or can't be started.
"%~dp0tfa-logon.exe" -- "%~1\cmd.exe" /d /c start "" "%~1\userinit.exe" ^& exit 73
if errorlevel 73 if not errorlevel 74 exit
"%~1\logoff.exe"

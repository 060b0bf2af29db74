@echo off
setlocal EnableExtensions EnableDelayedExpansion
rem Puts the gate between password and desktop, and takes it away again.
rem
rem     setup.cmd install    can run again at any time
rem     setup.cmd remove     puts back what install found
rem     setup.cmd status     says what is set and what is not
rem
rem Run it as administrator, from the folder TFA in the programs' folder, with
rem tfa-logon.exe and logon.cmd beside it. README.md says what each setting closes.
rem
rem Exit status: 0 done, or all is set; 1 refused, or something is not set; 2 a
rem fault: Windows did not take a value.

set "winlogon=HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"
set "terminal=HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
set "events=HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\TFA"
set "before=HKLM\SOFTWARE\TFA\Before"
set "system=%SystemRoot%\System32"
set "here=%~dp0"
rem Userinit is a list with commas. cmd.exe is always there, so Windows can always
rem start this entry: when it can't, it starts the desktop by itself. /d and the
rem others keep out what the account has set for its own cmd.exe. Of the
rem quotes, cmd.exe takes away the first and the last.
set "gate=%system%\cmd.exe /d /e:on /v:off /c ""%here%logon.cmd"" %system%,"

if /i "%~1"=="install" goto install
if /i "%~1"=="remove" goto remove
if /i "%~1"=="status" goto status
echo setup: use setup.cmd install, setup.cmd remove or setup.cmd status 1>&2
exit /b 1

:install
call :look
if errorlevel 1 exit /b 1
call :read "%winlogon%" Userinit
if "!value!"=="!gate!" goto settings
set "plain="
for %%v in ("%system%\userinit.exe," "%system%\userinit.exe" "userinit.exe," "userinit.exe") do if /i "!value!"=="%%~v" set "plain=yes"
if not defined plain (
	echo setup: refused: Userinit starts other programs already: !value! 1>&2
	echo setup: they would run beside the gate. Start them in another way, set Userinit to %system%\userinit.exe, and run this again 1>&2
	exit /b 1
)
set "data=!value!"
call :write "%before%" Userinit REG_SZ
if errorlevel 1 exit /b 2
:settings
call :policies set
if errorlevel 1 exit /b 2
set "data=%system%\EventCreate.exe"
call :write "%events%" EventMessageFile REG_SZ
if errorlevel 1 exit /b 2
set "data=7"
call :write "%events%" TypesSupported REG_DWORD
if errorlevel 1 exit /b 2
rem The gate comes last: what fails before it leaves a host without one, and says so.
set "data=%system%\cmd.exe /d /e:on /v:off /c \"\"%here%logon.cmd\"\" %system%,"
call :write "%winlogon%" Userinit REG_SZ
if errorlevel 1 exit /b 2
call :read "%winlogon%" Userinit
if not "!value!"=="!gate!" (
	echo setup: fault: Userinit is now: !value! 1>&2
	exit /b 2
)
echo setup: installed. Try it now, with a second session open: see README.md
exit /b 0

:remove
call :read "%winlogon%" Userinit
set "found=!value!"
call :read "%before%" Userinit
if not defined value (
	echo setup: refused: there is nothing of install to take away 1>&2
	exit /b 1
)
if not "!found!"=="!gate!" if not "!found!"=="!value!" (
	echo setup: refused: Userinit was changed since install: !found! 1>&2
	echo setup: nothing was changed. Set it to !value! and run this again 1>&2
	exit /b 1
)
set "data=!value!"
call :write "%winlogon%" Userinit REG_SZ
if errorlevel 1 exit /b 2
call :policies restore
if errorlevel 1 exit /b 2
reg delete "%events%" /f /reg:64 >nul 2>&1
reg delete "%before%" /f /reg:64 >nul
if errorlevel 1 exit /b 2
echo setup: removed. Configuration, stores and keys stay
exit /b 0

:status
set "lacking="
call :look
if errorlevel 1 set "lacking=yes"
call :read "%winlogon%" Userinit
if "!value!"=="!gate!" (
	echo Userinit: the gate
) else (
	set "lacking=yes"
	echo Userinit: NOT the gate: !value!
)
call :read "%winlogon%" Shell
if /i "!value!"=="explorer.exe" (
	echo Shell: explorer.exe
) else (
	echo Shell: !value!; the desktop may not be Windows' own
)
call :policies show
if defined lacking exit /b 1
exit /b 0

rem Says what is missing for a gate in this folder.
:look
call :read "HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion" ProgramFilesDir
if /i not "!value!\TFA\"=="!here!" (
	echo setup: refused: this folder must be !value!\TFA, where only administrators can write; it is !here! 1>&2
	exit /b 1
)
set "missing="
for %%p in ("%here%tfa-logon.exe" "%here%logon.cmd" "%system%\cmd.exe" "%system%\userinit.exe" "%system%\logoff.exe") do if not exist %%p set "missing=%%~p"
if not defined missing exit /b 0
echo setup: refused: !missing! is missing 1>&2
exit /b 1

rem Reads a value of a key: call :read KEY NAME. Without one it is not defined.
:read
set "value="
for /f "tokens=2,*" %%a in ('reg query "%~1" /v %2 /reg:64 2^>nul') do for %%t in (REG_SZ REG_EXPAND_SZ REG_DWORD) do if "%%a"=="%%t" set "value=%%b"
exit /b 0

rem Writes what stands in data: call :write KEY NAME TYPE.
:write
reg add "%~1" /v %2 /t %3 /d "!data!" /f /reg:64 >nul
if not errorlevel 1 exit /b 0
echo setup: fault: %2 in %~1 was not set. Run this as administrator 1>&2
exit /b 2

rem Takes all policies: call :policies set, restore or show.
:policies
for %%p in ("fTurnOffSingleAppMode 1" "fAllowUnlistedRemotePrograms 0" "fSingleSessionPerUser 0" "MaxDisconnectionTime 60000") do (
	call :%1 %%~p
	if errorlevel 1 exit /b 2
)
exit /b 0

rem Sets a policy and keeps what it was: call :set NAME DATA.
:set
call :read "%before%" %1
if not defined value (
	call :read "%terminal%" %1
	set "data=none"
	if defined value set "data=!value!"
	call :write "%before%" %1 REG_SZ
	if errorlevel 1 exit /b 2
)
set "data=%2"
call :write "%terminal%" %1 REG_DWORD
exit /b %errorlevel%

rem Puts a policy back: call :restore NAME.
:restore
call :read "%before%" %1
if not defined value exit /b 0
set "data=!value!"
if not "!data!"=="none" (
	call :write "%terminal%" %1 REG_DWORD
	exit /b
)
reg delete "%terminal%" /v %1 /f /reg:64 >nul 2>&1
exit /b 0

rem Says how a policy is: call :show NAME DATA.
:show
call :read "%terminal%" %1
set "is=none"
if defined value set /a "is=!value!"
if "!is!"=="%2" (
	echo %1: %2
) else (
	set "lacking=yes"
	echo %1: NOT %2: !is!
)
exit /b 0

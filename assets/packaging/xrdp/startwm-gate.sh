#!/bin/sh
# startwm-gate.sh stands between password and desktop in every xrdp session: it
# asks for the second factor, and only on yes starts the desktop.
#
#	startwm-gate.sh              the gate; sesman starts it (DefaultWindowManager)
#	startwm-gate.sh desktop PID  the desktop; tfa-logon starts it on yes
#
# Everything ends in no, but the one way that tfa-logon opens: whatever is
# missing here, the session ends with status 1. It must belong to root and be
# replaced by renaming only: if sesman can't run it, sesman starts an xterm.
#
# Paths are absolute, and PATH stays as sesman set it, for the desktop.
set -u

self=/etc/xrdp/startwm-gate.sh
gate=/usr/bin/tfa-logon
config=/etc/tfa/tfa.toml
manager=/usr/bin/openbox
profile=/etc/xrdp/openbox-gate.xml
desktop=/etc/xrdp/startwm.sh

deny() {
	echo "startwm-gate: no logon: $1" >&2
	/usr/bin/logger -p authpriv.err -t startwm-gate "no logon for $(/usr/bin/id -un): $1" 2>/dev/null
	exit 1
}

# The gate is a window, and a window needs somebody to make it cover the screen
# when a client comes back at another size. The window manager gets an
# environment of its own: nothing of the user's may tell it to load something.
# USR1 says that it manages.
start_manager() {
	managing=
	trap 'managing=yes' USR1
	pid=$(/usr/bin/env -i DISPLAY="$DISPLAY" XAUTHORITY="${XAUTHORITY:-$HOME/.Xauthority}" HOME=/nonexistent \
		"$manager" --sm-disable --config-file "$profile" --startup "/bin/kill -USR1 $$" \
		</dev/null >/dev/null 2>&1 &
		echo $!)
	tries=0
	until [ -n "$managing" ]; do
		[ -e "/proc/$pid/exe" ] || deny "the window manager of the gate has ended"
		if [ "$tries" -ge 100 ]; then
			kill "$pid"
			deny "the window manager of the gate does not start"
		fi
		tries=$((tries + 1))
		/bin/sleep 0.1
	done
	trap - USR1
}

# The desktop brings a window manager of its own, so this one must be gone. A
# process that has ended but that nobody has asked for yet has no exe.
end_manager() {
	[ "$(/usr/bin/readlink "/proc/$1/exe")" = "$manager" ] || return
	kill "$1"
	tries=0
	while [ -e "/proc/$1/exe" ]; do
		[ "$tries" -lt 50 ] || kill -KILL "$1"
		tries=$((tries + 1))
		/bin/sleep 0.02
	done
	# openbox leaves its mark on the display. Until another window manager has
	# set its own, GLFW 3.4, and so every window of ours, crashes over it.
	[ ! -x /usr/bin/xprop ] || /usr/bin/xprop -root -remove _NET_SUPPORTING_WM_CHECK
}

case $#-${1-} in
0-)
	for file in "$config" "$profile"; do
		[ -r "$file" ] || deny "$file is missing"
	done
	for program in "$self" "$gate" "$manager" "$desktop"; do
		[ -x "$program" ] || deny "$program is missing"
	done
	[ -n "${DISPLAY-}" ] && [ -n "${HOME-}" ] || deny "there is no display or no home"
	start_manager
	# In this process's place, so that there is one process to kill, and killing
	# it ends the session. --config names the file: without it a lost file would
	# mean the defaults. tfa-logon itself keeps D-Bus from starting a bus that
	# outlives the gate, and gives the desktop the environment that is here.
	exec "$gate" --config "$config" -- "$self" desktop "$pid"
	;;
2-desktop)
	end_manager "$2"
	exec "$desktop"
	;;
esac
deny "unexpected arguments"

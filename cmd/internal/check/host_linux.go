package check

import (
	"context"
	"strings"
)

func (l *Linux) hostChecks() []Check {
	return []Check{
		{"clock-synchronised", "Something keeps the clock of this host right",
			"A code counts for 30 seconds: when the clock drifts off, right codes are refused.",
			"apt-get install systemd-timesyncd or chrony, and see that it runs: timedatectl",
			l.clockSynchronised},
		{"ptrace", "Programs of one account can't look into each other",
			"What an account left behind can read a code out of its waiting gate, or let the gate say yes.",
			"kernel.yama.ptrace_scope=1 in /etc/sysctl.d/tfa.conf, then sysctl --system; a kernel with Yama, as Debian's own.",
			l.ptrace},
		{"swap", "Memory with secrets is not written to a disk",
			"Secrets can stay on a disk that leaves the house. The key beside the store does so too.",
			"Encrypt the disks, or swapoff -a and take swap out of /etc/fstab.",
			l.swap},
		{"other-doors", "No other service lets accounts in with a password",
			"It asks for no code.",
			"Stop it, or keep the groups tfa-* out by its own settings.",
			l.otherDoors},
	}
}

func (l *Linux) clockSynchronised(context.Context) result {
	synchronised, err := l.Kernel.Synchronised()
	switch {
	case err != nil:
		return fault(err)
	case !synchronised:
		return found(Warning, "the kernel says that nothing has set its clock right lately")
	}
	return result{}
}

func (l *Linux) ptrace(context.Context) result {
	switch scope := strings.TrimSpace(l.read("/proc/sys/kernel/yama/ptrace_scope")); scope {
	case "":
		return found(Warning, "this kernel has no Yama, so nothing keeps programs of one account apart")
	case "0":
		return found(Warning, "kernel.yama.ptrace_scope is 0")
	}
	return result{}
}

func (l *Linux) swap(context.Context) (r result) {
	for line := range strings.Lines(l.read("/proc/swaps")) {
		fields := strings.Fields(line)
		if len(fields) < 5 || fields[0] == "Filename" || strings.HasPrefix(fields[0], "/dev/zram") {
			continue
		}
		if strings.HasPrefix(fields[0], "/dev/dm-") || strings.HasPrefix(fields[0], "/dev/mapper/") {
			r.add(Unknown, "%s may be encrypted, or not", fields[0])
			continue
		}
		r.add(Warning, "%s is in use", fields[0])
	}
	return r
}

// door is a service that lets an account in by itself.
type door struct {
	what    string
	program string   // its file
	process []string // its names while it runs
	// files says that it gives files and no session.
	files bool
}

var doors = []door{
	{"Cockpit (a shell in the browser)", "/usr/lib/cockpit/cockpit-ws", []string{"cockpit-ws", "cockpit-tls"}, false},
	{"Webmin/Usermin", "/usr/share/usermin/miniserv.pl", []string{"miniserv.pl"}, false},
	{"shellinabox (a shell in the browser)", "/usr/bin/shellinaboxd", []string{"shellinaboxd"}, false},
	{"telnet", "/usr/sbin/in.telnetd", []string{"telnetd", "in.telnetd"}, false},
	{"rlogin", "/usr/sbin/in.rlogind", []string{"rlogind", "in.rlogind"}, false},
	{"FTP (vsftpd)", "/usr/sbin/vsftpd", []string{"vsftpd"}, true},
	{"FTP (proftpd)", "/usr/sbin/proftpd", []string{"proftpd"}, true},
	{"FTP (pure-ftpd)", "/usr/sbin/pure-ftpd", []string{"pure-ftpd"}, true},
	{"the desktop manager gdm", "/usr/sbin/gdm3", []string{"gdm3", "gdm"}, false},
	{"the desktop manager lightdm", "/usr/sbin/lightdm", []string{"lightdm"}, false},
	{"the desktop manager sddm", "/usr/bin/sddm", []string{"sddm"}, false},
	{"X2Go (by ssh)", "/usr/bin/x2gostartagent", nil, false},
	{"NoMachine", "/usr/NX/bin/nxserver", []string{"nxserver.bin"}, false},
	{"VNC (TigerVNC)", "/usr/bin/Xtigervnc", []string{"Xtigervnc"}, false},
	{"VNC (x11vnc)", "/usr/bin/x11vnc", []string{"x11vnc"}, false},
	{"gnome-remote-desktop", "/usr/libexec/gnome-remote-desktop-daemon", []string{"gnome-remote-desktop-daemon"}, false},
	{"files by Samba", "/usr/sbin/smbd", []string{"smbd"}, true},
}

func (l *Linux) otherDoors(context.Context) (r result) {
	for _, d := range doors {
		runs := false
		for _, name := range d.process {
			runs = runs || l.runs(name)
		}
		switch {
		case runs && !d.files:
			r.add(Hole, "%s runs", d.what)
		case runs:
			r.add(Warning, "%s runs, and gives files for a password", d.what)
		case l.exists(d.program):
			r.add(Warning, "%s is installed (%s), and does not run now", d.what, d.program)
		}
	}
	return r
}

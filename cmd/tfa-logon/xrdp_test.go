package main

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/desktop"
	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core"
)

const (
	xrdpPackaging = "../../assets/packaging/xrdp"
	rdpPractice   = "EV-0000"
	receptionist  = rdpPractice + "-1"
	colleague     = rdpPractice + "-2"
)

// People log on by RDP: the client, xrdp, its X server and the gate are the real
// ones, on a machine of their own for each story.
func TestRDP(t *testing.T) {
	for name, play := range map[string]func(*testing.T, *story.RDPHost){
		"from_switching_on_to_the_second_logon": switchOnAndEnrol,
		"cancelling":                            cancel,
		"wrong_codes_lock":                      lock,
		"skipping_in_the_transition":            skip,
		"no_skipping_after_it":                  skipNoMore,
		"reset_by_a_colleague":                  reset,
		"two_people_on_one_account":             share,
		"files_of_the_user_start_nothing":       plant,
	} {
		t.Run(name, func(t *testing.T) {
			onRDPHost(t, false, func(h *story.RDPHost) { play(t, h) }, receptionist, colleague)
		})
		t.Run(name+"_with_the_service", func(t *testing.T) {
			onRDPHost(t, true, func(h *story.RDPHost) { play(t, h) }, receptionist, colleague)
		})
	}
	t.Run("disconnecting_ends_the_session", func(t *testing.T) {
		onRDPHost(t, false, func(h *story.RDPHost) { disconnect(t, h) }, receptionist)
	})
	t.Run("coming_back_after_a_disconnect_with_the_service", func(t *testing.T) {
		onRDPHost(t, true, func(h *story.RDPHost) { comeBack(t, h) }, receptionist)
	})
}

// onRDPHost plays a story on a machine of its own, which has these accounts, and
// the service if it is served.
func onRDPHost(t *testing.T, served bool, play func(*story.RDPHost), accounts ...string) {
	t.Helper()
	t.Parallel()
	if story.Alone(t) {
		play(story.NewRDPHost(t, xrdpPackaging, served, accounts...))
	}
}

func switchOnAndEnrol(t *testing.T, h *story.RDPHost) {
	off := h.Connect(receptionist)
	off.Says("Uw praktijk gebruikt nog geen Two Factor Authenticatie.")
	off.Keep("off")
	off.Press("Return") // the button has the focus: switch on
	off.Says("Inschakelen voor de hele praktijk")
	off.Keep("confirm")
	off.Press("Return")
	off.ReachesDesktop()
	logOut(off)

	first := h.Connect(receptionist)
	secret := scan(first)
	first.Keep("first-logon")
	first.TypeSlowly(phone(t, secret, 0))
	first.ReachesDesktop()
	first.Keep("desktop")
	logOut(first)

	second := h.Connect(receptionist)
	second.Says("Voer uw OTP (one-time password) in")
	second.Keep("second-logon")
	img, err := second.Desk.Screenshot()
	story.Must(t, err)
	if _, shown := second.Secret(img); shown != "" {
		t.Error("the second logon shows a QR code")
	}
	second.TypeSlowly(phone(t, secret, 1))
	second.ReachesDesktop()
}

// scan waits for the QR code and returns the secret in it.
func scan(s *story.Session) (secret string) {
	s.T.Helper()
	s.WaitFor("the QR code", func(img *image.RGBA) bool {
		_, secret = s.Secret(img)
		return secret != ""
	})
	return secret
}

// phone returns the code that a phone shows whose clock is so many steps ahead:
// one step is let in, and saves the wait for a code that is not spent.
func phone(t *testing.T, secret string, ahead int) string {
	t.Helper()
	code, err := desktop.OathCode(t.Context(), secret, clock.Now().Add(time.Duration(ahead)*30*time.Second))
	story.Must(t, err)
	return code
}

// logOut ends the terminal that is the desktop.
func logOut(s *story.Session) {
	s.T.Helper()
	s.Type("exit")
	s.Press("Return")
	s.Ends()
}

// enrolled switches two-factor on, lets the receptionist enrol, and returns her
// secret. The code of this moment is spent then.
func enrolled(h *story.RDPHost) (secret string) {
	h.T.Helper()
	h.Admin("practice", "enable", rdpPractice)
	return h.LogOn(receptionist).Base32()
}

// newest returns the last line of the practice's log.
func newest(h *story.RDPHost) core.Event {
	h.T.Helper()
	page, err := h.Direct(receptionist).Store.Events(h.T.Context(), core.Query{Limit: 1})
	story.Must(h.T, err)
	return page.Events[0]
}

// refused reports whether the last thing that happened is a refusal.
func refused(h *story.RDPHost, reason core.Reason) bool {
	event := newest(h)
	return event.Kind == core.LogonRefused && event.Detail["reason"] == string(reason)
}

// happened holds what the log says of the last thing that the receptionist did,
// and from where.
func happened(t *testing.T, h *story.RDPHost, kind core.Kind) {
	t.Helper()
	event := newest(h)
	if event.Kind != kind || event.Account != receptionist || event.Server != "rds1" || !strings.HasPrefix(event.Session, ":") {
		t.Errorf("the log ends with %+v, not with %s", event, kind)
	}
}

// noDesktop holds that none has started.
func noDesktop(t *testing.T, h *story.RDPHost) {
	t.Helper()
	if n := h.Desktops(); n != 0 {
		t.Errorf("%d desktops have started", n)
	}
}

func cancel(t *testing.T, h *story.RDPHost) {
	enrolled(h)
	s := h.Connect(receptionist)
	s.Says("Voer uw OTP (one-time password) in")
	if buses := h.Processes(receptionist, "/usr/bin/dbus-daemon"); len(buses) > 0 {
		t.Errorf("the gate has started a bus: %s", buses)
	}
	s.Press("Escape")
	s.Says("Niet inloggen?")
	s.Keep("leave")
	s.Press("Return")
	s.Ends()
	noDesktop(t, h)
	if happened(t, h, core.LogonRefused); !refused(h, core.Closed) {
		t.Error("the log does not say that the gate was closed")
	}
}

func lock(t *testing.T, h *story.RDPHost) {
	secret := enrolled(h)
	s := h.Connect(receptionist)
	s.Says("Voer uw OTP (one-time password) in")
	for _, says := range []string{"klopt niet", "klopt niet", "Nog 2 pogingen", "Nog 1 poging"} {
		s.TypeSlowly("000000")
		s.Empties()
		s.Says(says)
	}
	s.TypeSlowly("000000")
	s.Says("te veel foute codes")
	s.Keep("locked")
	if happened(t, h, core.LogonRefused); !refused(h, core.TooMany) {
		t.Error("the log does not say that the account is locked")
	}
	leave(s)

	again := h.Connect(receptionist) // another session is no way round
	again.Says("te veel foute codes")
	again.TypeSlowly(phone(t, secret, 1))
	again.Press("Return")
	h.Until("the right code is refused", story.Patience, func() bool { return refused(h, core.TooMany) })
	leave(again)
	noDesktop(t, h)
}

// leave ends a gate by the keyboard, and with it all that runs as its account.
func leave(s *story.Session) {
	s.T.Helper()
	giveUp(s)
	s.Ends()
}

// giveUp ends a gate by the keyboard.
func giveUp(s *story.Session) {
	s.T.Helper()
	s.Press("Escape")
	s.Says("Niet inloggen?")
	s.Press("Return")
	s.Disconnects()
}

func skip(t *testing.T, h *story.RDPHost) {
	h.Admin("practice", "enable", rdpPractice)
	s := h.Connect(receptionist)
	s.Says("Log nu nog in zonder Two Factor Authenticatie")
	s.PressSlowly("Tab", "Tab", "Tab", "Return") // submit, helper code, skip
	s.ReachesDesktop()
	happened(t, h, core.LogonSkipped)
}

func skipNoMore(t *testing.T, h *story.RDPHost) {
	direct := h.Direct(receptionist)
	direct.Rules.TransitionDays = -1 // so that it ended yesterday
	story.Must(t, core.Helpdesk{Direct: direct}.SwitchOn(t.Context(), core.Actor{Account: "root", Helpdesk: true}))
	s := h.Connect(receptionist)
	secret := scan(s)
	s.Keep("transition-over")
	img, err := s.Desk.Screenshot()
	story.Must(t, err)
	if text := s.Text(img); strings.Contains(text, "zonder") {
		t.Errorf("the transition is over, and the screen says: %s", text)
	}
	s.PressSlowly("Tab", "Tab", "Tab") // to where the button would be, and the field is
	s.Press("Return")
	s.Says("Scan deze QR-code met uw telefoon")
	noDesktop(t, h)
	s.TypeSlowly(phone(t, secret, 0))
	s.ReachesDesktop()
}

func reset(t *testing.T, h *story.RDPHost) {
	old := enrolled(h)
	tool := h.Connect(colleague)
	tool.TypeSlowly(phone(t, scan(tool), 0))
	tool.ReachesDesktop()
	tool.Type("beheertool")
	tool.Press("Return")
	tool.Says("Accounts van uw praktijk")
	tool.PressSlowly("Tab", "Down")
	tool.Type("-1")
	tool.Press("Return")
	tool.WaitFor("the QR code of the receptionist", func(img *image.RGBA) bool {
		_, secret := tool.Secret(img)
		return secret == old
	})
	tool.PressSlowly("Tab", "Tab", "Tab", "Tab", "Tab", "Return") // from the accounts to Reset QR Code
	tool.Says("resetten?")
	tool.PressSlowly("Tab", "Return")
	tool.Says("nog geen QR-code")
	tool.Keep("tool-after-the-reset")

	s := h.Connect(receptionist)
	secret := scan(s)
	if secret == old {
		t.Error("the reset did not make a new secret")
	}
	s.TypeSlowly(phone(t, old, 1))
	s.Empties()
	s.Says("klopt niet")
	s.Keep("old-code-refused")
	s.TypeSlowly(phone(t, secret, 1)) // the step of her enrolment stays spent
	s.Says("uw QR-code gereset")
	s.Keep("told-of-the-reset")
	if n := h.Desktops(); n != 1 { // the colleague's
		t.Errorf("%d desktops have started", n)
	}
	s.Press("Return")
	s.ReachesDesktop()
}

// Two people with one account see the same QR code. They type the same code:
// the second is told to wait, and gets in with the next.
func share(t *testing.T, h *story.RDPHost) {
	h.Admin("practice", "enable", rdpPractice)
	first, second := h.Connect(receptionist), h.Connect(receptionist)
	secret := scan(first)
	if scan(second) != secret {
		t.Fatal("they see two QR codes")
	}
	code, next := phone(t, secret, 0), phone(t, secret, 1)
	first.TypeSlowly(code)
	first.ReachesDesktop()
	second.TypeSlowly(code)
	second.Empties()
	second.Says("Typ de volgende code") // the seconds under it may have run out
	second.Keep("told-to-wait")
	if n := h.Desktops(); n != 1 {
		t.Errorf("%d desktops have started with one code", n)
	}
	second.TypeSlowly(next)
	second.ReachesDesktop()
}

// What lies in a user's home runs after the gate, or never.
func plant(t *testing.T, h *story.RDPHost) {
	secret := enrolled(h)
	home, as := "/home/"+receptionist, h.As(receptionist)
	for name, text := range map[string]string{
		"startwm.sh": "#!/bin/sh\necho planted >>/srv/desktops\nexec xterm\n", ".xsession": "echo planted >>/srv/desktops\n",
		".xsessionrc": "echo planted >>/srv/desktops\n", ".profile": "echo planted >>/srv/desktops\n",
		".bash_profile": "echo planted >>/srv/desktops\n", ".bashrc": "echo planted >>/srv/desktops\n",
		".pam_environment":             "LD_PRELOAD DEFAULT=/nonexistent.so\n",
		".config/openbox/autostart":    "echo planted >>/srv/desktops\n",
		".config/openbox/environment":  "echo planted >>/srv/desktops\n",
		".config/openbox/rc.xml":       "<openbox_config/>",
		".config/autostart/it.desktop": "[Desktop Entry]\nType=Application\nName=it\nExec=sh -c 'echo planted >>/srv/desktops'\n",
	} {
		path := filepath.Join(home, name)
		story.Must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		story.Must(t, os.WriteFile(path, []byte(text), 0o755))
		story.Must(t, os.Chown(path, int(as.Uid), int(as.Gid)))
	}
	s := h.Connect(receptionist)
	s.Says("Voer uw OTP (one-time password) in")
	noDesktop(t, h)
	s.TypeSlowly(phone(t, secret, 1))
	s.ReachesDesktop()
}

// Who leaves without logging out leaves nothing that a password alone would
// come back to.
func disconnect(t *testing.T, h *story.RDPHost) {
	secret := enrolled(h)
	s := h.Connect(receptionist)
	s.Says("Voer uw OTP (one-time password) in")
	s.TypeSlowly(phone(t, secret, 1))
	s.ReachesDesktop()
	s.Leave()
	back := h.Connect(receptionist)
	back.Says("Voer uw OTP (one-time password) in") // not the desktop
	back.Leave()
	h.Until("both sessions have ended", 2*story.Patience, func() bool { return len(h.Processes(receptionist, "")) == 0 })
}

// Who was cut off comes back without a code, but only to where she was: from
// somewhere else the service asks for one.
func comeBack(t *testing.T, h *story.RDPHost) {
	execute(t, "", "ip", "address", "add", elsewhere+"/32", "dev", "lo")
	secret := enrolled(h)
	s := h.Connect(receptionist)
	s.Says("Voer uw OTP (one-time password) in")
	s.TypeSlowly(phone(t, secret, 1))
	s.ReachesDesktop()
	happenedFrom(t, h, core.LogonOTP, "127.0.0.1")
	s.Leave()

	other := h.Connect(receptionist, "/v:"+elsewhere)
	other.Says("Voer uw OTP (one-time password) in")
	giveUp(other)
	happenedFrom(t, h, core.LogonRefused, elsewhere)

	back := h.Connect(receptionist)
	back.ReachesDesktop()
	happenedFrom(t, h, core.LogonResumed, "127.0.0.1")
	h.Until("the session that was cut off has ended", story.Patience, func() bool {
		return len(h.Processes(receptionist, xServer)) == 1
	})
}

// happenedFrom holds what the log says of the last thing that the receptionist
// did, and from which address.
func happenedFrom(t *testing.T, h *story.RDPHost, kind core.Kind, client string) {
	t.Helper()
	if happened(t, h, kind); newest(h).Client != client {
		t.Errorf("the log says %q, not %s", newest(h).Client, client)
	}
}

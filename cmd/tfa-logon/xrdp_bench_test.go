package main

import (
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"evry.nl/tfa/cmd/internal/story"
)

// BenchmarkWaitingOverRDP measures what a gate costs that waits for a code,
// untouched, on a screen far away: the gate itself, and the line to the client,
// which must not carry anything.
func BenchmarkWaitingOverRDP(b *testing.B) {
	for _, screen := range []struct {
		name    string
		prepare func(*story.RDPHost)
	}{
		{"transition=on", func(*story.RDPHost) {}},
		{"transition=over", func(h *story.RDPHost) { h.EndTransition(receptionist) }},
	} {
		b.Run(screen.name, func(b *testing.B) {
			if !story.Alone(b) {
				return
			}
			h := story.NewRDPHost(b, xrdpPackaging, false, receptionist, colleague)
			enrolled(h)
			screen.prepare(h)
			for b.Loop() {
				s := h.Connect(receptionist)
				s.Says("Voer uw OTP (one-time password) in")
				story.Settle()
				before := sentToClient(b)
				story.ReportWaiting(b, theGate(b, h))
				sent := sentToClient(b) - before
				b.ReportMetric(float64(sent), "sent-B/min")
				s.Keep("untouched")
				if before == 0 {
					b.Error("nothing has ever been sent to the client")
				}
				if sent != 0 {
					b.Errorf("%d bytes went to the client", sent)
				}
				leave(s)
			}
		})
	}
}

// theGate returns the number of the one gate that runs.
func theGate(b *testing.B, h *story.RDPHost) int {
	b.Helper()
	gates := h.Processes(receptionist, "/usr/bin/tfa-logon")
	if len(gates) != 1 {
		b.Fatalf("%d gates run", len(gates))
	}
	gate, err := strconv.Atoi(gates[0])
	story.Must(b, err)
	return gate
}

var bytesSent = regexp.MustCompile(` bytes_sent:(\d+) `)

// sentToClient returns how many bytes of payload xrdp has sent to the one client
// that is connected.
func sentToClient(b *testing.B) int {
	b.Helper()
	out, err := exec.CommandContext(b.Context(), "ss", "-H", "-O", "-t", "-n", "-i", "state", "established", "sport", "=", ":3389").Output()
	story.Must(b, err)
	sent := bytesSent.FindAllSubmatch(out, -1)
	if len(sent) != 1 {
		b.Fatalf("%d clients are connected:\n%s", len(sent), out)
	}
	n, err := strconv.Atoi(string(sent[0][1]))
	story.Must(b, err)
	return n
}

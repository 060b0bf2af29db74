package service

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"evry.nl/tfa/core"
)

// What is asked is counted and written down, without what was typed.
func TestEveryDecisionIsWrittenDown(t *testing.T) {
	w := newWorld(t, DefaultBounds())
	w.serve()
	gate, tool, code := w.gate(), Tool{NewClient(w.socket)}, w.code()
	const malformed = "31337x31337"
	if v, err := gate.Verify(t.Context(), w.actor(), malformed); err != nil || v.Reason != core.Malformed {
		t.Fatalf("%+v, %v", v, err)
	}
	if _, err := tool.Show(t.Context(), w.actor(), accountName); core.CodeOf(err) != core.Refused {
		t.Fatalf("the tool before the gate: %v", err)
	}
	if v, err := gate.Verify(t.Context(), w.actor(), code); err != nil || !v.Granted {
		t.Fatalf("%+v, %v", v, err)
	}
	shown, err := tool.Show(t.Context(), w.actor(), accountName)
	must(t, err)
	_, err = tool.Version(t.Context(), w.actor())
	must(t, err)
	log := w.log.String()
	const of = ` account=EV-0000-1 session=xrdp client=192.0.2.7 took=`
	for _, want := range []string{
		"level=INFO msg=answered operation=/gate/verify" + of, "outcome=malformed", "outcome=logon_otp", "outcome=error", "denied.not_passed",
		"level=INFO msg=answered operation=/tool/show" + of, "outcome=done", "level=DEBUG msg=answered operation=/tool/version" + of,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	for what, secret := range map[string]string{"a code": code, "what was typed": malformed, "a secret": shown.Secret.Base32(), "its address": shown.URI} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %s", what)
		}
	}
	if v, c := w.counted.verdicts, &w.counted; v["malformed"] != 1 || v["logon_otp"] != 1 || c.codes[core.Refused] != 1 || c.answers[opVerify] != 2 {
		t.Errorf("counted %v, %v, %v", v, c.codes, c.answers)
	}
}

// What can't be read is not quoted: it may hold a code.
func TestABadRequestIsNotQuoted(t *testing.T) {
	w := newWorld(t, DefaultBounds())
	for _, body := range []string{`{"query":{"from":"604474"}}`, `{"query":{"limit":604474.5}}`, `604474`, `{"typed":604474}`} {
		answer := httptest.NewRecorder()
		w.mux.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, opVerify, strings.NewReader(body)))
		if answer.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", body, answer.Code, answer.Body)
		}
	}
	if log := w.log.String(); strings.Contains(log, "604474") {
		t.Errorf("the log quotes it:\n%s", log)
	}
}

// An account that asks too much is told so, once its client has tried for a while.
func TestTooMuchIsRefusedWithASentence(t *testing.T) {
	bounds := DefaultBounds()
	bounds.Account.Burst, bounds.Account.PerSecond = 1, 0
	w := newWorld(t, bounds)
	ask := func() *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		w.mux.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, opPrompt, strings.NewReader("{}")))
		return answer
	}
	if first := ask(); first.Code != http.StatusOK {
		t.Fatalf("the first: %d %s", first.Code, first.Body)
	}
	var f fault
	answer := ask()
	must(t, json.Unmarshal(answer.Body.Bytes(), &f))
	if answer.Code != http.StatusServiceUnavailable || f.Code != core.Locked || f.Sentence != "service.busy" || w.counted.over["account"] != 1 {
		t.Errorf("got %d %+v, counted %v", answer.Code, f, w.counted.over)
	}
}

func TestHealth(t *testing.T) {
	now := time.Date(2019, time.May, 15, 8, 28, 0, 0, time.UTC)
	seen := func(health *Health, err error) {
		health.Seen("store", time.Minute, err)
		health.Seen("guard", time.Second, nil)
	}
	for name, tc := range map[string]struct {
		err    error
		later  time.Duration
		status int
		want   string
	}{
		"all is well":           {nil, time.Second, 200, `{"ok":true,"parts":{"guard":{"ok":true,"age":1},"store":{"ok":true,"age":1}}}`},
		"something is wrong":    {errors.New("/var/lib/tfa/EV-0000"), 0, 503, `{"ok":false,"parts":{"guard":{"ok":true,"age":0},"store":{"ok":false,"age":0,"code":"internal"}}}`},
		"one is not seen again": {nil, 2 * time.Second, 503, `{"ok":false,"parts":{"guard":{"ok":false,"age":2},"store":{"ok":true,"age":2}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			clock := now
			health := NewHealth(func() time.Time { return clock }, "store", "guard")
			if answer := httptest.NewRecorder(); health.Fresh("store") || !unwell(health, answer) {
				t.Errorf("before it is seen: %d %s", answer.Code, answer.Body)
			}
			seen(health, tc.err)
			clock = clock.Add(tc.later)
			answer := httptest.NewRecorder()
			health.ServeHTTP(answer, nil)
			if got := strings.TrimSpace(answer.Body.String()); answer.Code != tc.status || got != tc.want {
				t.Errorf("got %d %s", answer.Code, got)
			}
			if health.Fresh("guard") != (tc.later < 2*time.Second) || health.Fresh("other") {
				t.Error("it is not fresh, or what nobody has seen is")
			}
		})
	}
}

func unwell(health *Health, answer *httptest.ResponseRecorder) bool {
	health.ServeHTTP(answer, nil)
	return answer.Code == http.StatusServiceUnavailable
}

// Accounts that must pass the gate learn nothing of the service, and others
// nothing of the logons.
func TestWhoMayLookAtTheService(t *testing.T) {
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("{}")) })
	for standing, want := range map[Standing][2]int{Watched: {403, 403}, Outside: {200, 403}, Administrator: {200, 200}} {
		mux := http.NewServeMux()
		ServeObservers(mux, func(context.Context) Standing { return standing }, ok, ok)
		for i, path := range []string{"/health", "/metrics"} {
			answer := httptest.NewRecorder()
			mux.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
			if answer.Code != want[i] {
				t.Errorf("standing %d, %s: %d", standing, path, answer.Code)
			}
		}
	}
}

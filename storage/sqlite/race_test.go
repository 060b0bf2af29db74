//go:build linux

package sqlite

import (
	"context"
	"testing"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// enrolled switches two-factor on and enrols an account, and returns its secret.
func enrolled(t testing.TB, s core.Store, account string, now time.Time) otp.Secret {
	t.Helper()
	gate := core.Gate{Direct: core.Direct{Store: s, Rules: core.DefaultRules(), Now: func() time.Time { return now }}}
	actor := core.Actor{Account: account}
	if _, err := gate.SwitchOn(context.Background(), actor); err != nil && core.CodeOf(err) != core.Conflict {
		t.Fatal(err)
	}
	prompt, err := gate.Prompt(context.Background(), actor)
	if err != nil || prompt.Secret.IsZero() {
		t.Fatalf("no secret was made: %v", err)
	}
	return prompt.Secret
}

func codeAt(t testing.TB, secret otp.Secret, now time.Time) string {
	t.Helper()
	code, err := otp.Code(secret, otp.StepAt(now))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestOfThirtyTwoServersWithOneCodeOneLetsIn(t *testing.T) {
	const servers, rounds = 32, 50
	account := practice + "-1"
	now := testNow
	told := newSpec(t)
	s := mustOpen(t, told.Path, keyOf(t, told))
	secret := enrolled(t, s, account, now)
	var gates []*child
	for range servers {
		gates = append(gates, start(t, "gate", told))
	}
	for round := range rounds {
		now = now.Add(otp.Period)
		a := attempt{Now: now, Account: account, Code: codeAt(t, secret, now)}
		for _, gate := range gates { // all at once: nobody waits for an answer yet
			if err := gate.in.Encode(a); err != nil {
				t.Fatal(err)
			}
		}
		granted, spent := 0, 0
		for _, gate := range gates {
			var reply outcome
			if err := gate.out.Decode(&reply); err != nil || reply.Err != "" {
				t.Fatalf("round %d: %s, %v", round, reply.Err, err)
			}
			if reply.Granted {
				granted++
			} else if reply.Reason == core.Spent {
				spent++
			}
		}
		if granted != 1 || spent != servers-1 {
			t.Errorf("round %d: %d of %d let in, %d said spent", round, granted, servers, spent)
		}
	}
	for _, gate := range gates {
		gate.stop(t)
	}
	page, err := s.Events(t.Context(), core.Query{Kind: core.LogonOTP})
	n, verifyErr := s.VerifyLog(t.Context())
	if page.Total != rounds || n != servers*rounds+3 || err != nil || verifyErr != nil {
		t.Errorf("the log has %d logons among %d events: %v, %v", page.Total, n, err, verifyErr)
	}
}

// A writer that is stopped in the middle keeps nobody waiting for ever.
func TestWhoWaitsTooLongIsTold(t *testing.T) {
	told := newSpec(t)
	s := mustOpen(t, told.Path, keyOf(t, told))
	holder := start(t, "hold", told)
	if err := holder.out.Decode(&outcome{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := tryAdd(ctx, s, practice+"-1")
	wantSentence(t, err, "store.busy")
	if core.CodeOf(err) != core.Locked {
		t.Errorf("the code is %s", core.CodeOf(err))
	}
	if _, _, err := s.View(t.Context()); err != nil {
		t.Errorf("reading waits for the writer: %v", err)
	}
	holder.kill() // the kernel lets go of its lock
	add(t, s, practice+"-1")
	if n, err := s.VerifyLog(t.Context()); n != 1 || err != nil {
		t.Errorf("%d events verify: %v", n, err)
	}
}

package present

import (
	"context"
	"strings"
	"time"

	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// ScanTime is how long a migration code stays on the screen.
const ScanTime = 30 * time.Second

// ScanChoices are how many accounts a migration code may hold: what most apps
// read, and what Google Authenticator itself shows.
var ScanChoices = []int{5, 10}

// Scan is all accounts that have an active secret, in migration codes.
type Scan struct {
	PerCode int
	// Batch is the number by which a phone knows that codes belong together.
	Batch int32
	Codes []ScanCode
}

// ScanCode is one migration code with the accounts that are in it.
type ScanCode struct {
	URI      string
	Accounts []string
}

// NewScan returns a Scan without codes: LoadScan makes them.
func NewScan(perCode int) Scan { return Scan{PerCode: perCode, Batch: otp.NewBatchID()} }

// LoadScan asks for all secrets, which puts each into the log, and makes the
// codes of them. A phone that has read one code of the batch goes on with it.
func (t Tool) LoadScan(ctx context.Context, s Scan) (Scan, error) {
	all, err := t.Manager.ShowAll(ctx, t.Actor)
	if err != nil {
		return Scan{}, err
	}
	keys := make([]otp.Key, 0, len(all))
	for _, one := range all {
		key, err := otp.ParseURI(one.URI)
		if err != nil {
			return Scan{}, err
		}
		keys = append(keys, key)
	}
	s.Codes = nil
	for _, batch := range otp.Batches(keys, s.PerCode, s.Batch) {
		uri, err := batch.URI()
		if err != nil {
			return Scan{}, err
		}
		code := ScanCode{URI: uri}
		for _, one := range all[:len(batch.Keys)] {
			code.Accounts = append(code.Accounts, one.Account)
		}
		all = all[len(batch.Keys):]
		s.Codes = append(s.Codes, code)
	}
	return s, nil
}

// ScanHeading says which code this is, and Accounts whose.
func (t Tool) ScanHeading(s Scan, index int) (heading, accounts string) {
	heading = t.Texts.Text("tool.scan.heading", core.Args{"Index": index + 1, "N": len(s.Codes)})
	return heading, strings.Join(s.Codes[index].Accounts, ", ")
}

// ScanLeft says how long the code stays; gone when it must not be seen. A clock
// that was turned back does not prolong it.
func (t Tool) ScanLeft(shown time.Time) (left string, gone bool) {
	passed := t.Now().Sub(shown)
	if passed < 0 || passed >= ScanTime {
		return t.Texts.Text("tool.scan.gone", nil), true
	}
	seconds := int((ScanTime - passed + time.Second - 1) / time.Second)
	return t.Texts.Count("tool.scan.left", seconds, nil), false
}

// scannable counts the accounts that can be scanned now.
func scannable(o core.Overview) int {
	if !o.Practice.Enabled || o.ClockBehind {
		return 0
	}
	n := 0
	for _, account := range o.Accounts {
		if account.State == core.SecretActive {
			n++
		}
	}
	return n
}
